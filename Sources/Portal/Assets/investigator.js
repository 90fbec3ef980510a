// The form of a request: what a plate is searched as while it is typed, and how much is picked.
// The form's own buttons tell the same without this.

const form = document.querySelector("form.request");
const pause = 250;

/** An element with a text and attributes; no text becomes markup. */
function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** Shows what the desk says of a plate beside its field. */
function show(input, plate) {
  const field = input.closest(".field");
  const said = field.querySelector(".said");
  const twins = field.querySelector(".twins");
  said.replaceChildren();
  twins.replaceChildren();
  field.classList.toggle("wrong", plate.problem !== "");
  if (plate.problem) {
    input.setAttribute("aria-invalid", "true");
    said.append(element("strong", plate.problem));
  } else {
    input.removeAttribute("aria-invalid");
    if (plate.normal) said.append("Searched as ", element("code", plate.normal));
  }
  const named = new Set(
    [...form.querySelectorAll(".said code")].map((code) => code.textContent));
  const others = plate.twins.filter((twin) => !named.has(twin.text));
  if (others.length > 0) {
    twins.append(element("p",
      "Readers confuse it with these. Name those that the warrant covers: each is a plate of its "
        + "own, and the officers see it.", { class: "hint" }));
    const list = element("ul");
    for (const twin of others) {
      const item = element("li");
      item.append(
        element("button", twin.text, { class: "quiet small", name: "twin", value: twin.text }),
        " ", element("span", twin.reading, { class: "hint" }));
      list.append(item);
    }
    twins.append(list);
  }
  count();
}

/** How many cells are picked, and how many are left. */
function count() {
  const number = (name) => form.querySelectorAll(`input[name="${name}"]:checked`).length;
  const many = (value, word) => `${value.toLocaleString("en")} ${word}${value === 1 ? "" : "s"}`;
  const plates = form.querySelectorAll(".said code").length;
  const [hours, sites] = [number("hour"), number("site")];
  const left = Number(document.querySelector("#cost").dataset.left);
  document.querySelector("#cost-said").textContent =
    `${many(hours, "hour")} at ${many(sites, "site")} for ${many(plates, "plate")}: `
    + `${many(hours * sites * plates, "cell")} of the ${left.toLocaleString("en")} that your `
    + "agency may still name.";
}

/** Asks the desk, in its own process, what a text is searched as; by a form, never in an address. */
function watch(input) {
  let timer = 0;
  let turn = 0;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      turn += 1;
      const own = turn;
      try {
        const answer = await fetch("/plate.json", {
          method: "POST",
          cache: "no-store",
          body: new URLSearchParams({
            plate: input.value, "desk-token": form.elements["desk-token"].value,
          }),
        });
        if (!answer.ok) return;
        const plate = await answer.json();
        if (own === turn) show(input, plate);
      } catch {
        // The desk is away; the form will say so when it is sent.
      }
    }, pause);
  });
}

if (form) {
  for (const input of form.querySelectorAll('input[name="plate"]')) watch(input);
  form.addEventListener("change", count);
}
