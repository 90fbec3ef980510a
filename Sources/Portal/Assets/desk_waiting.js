// What waits at a desk, asked for now and then: the count beside the first place of the navigation,
// and a notification of the system's for what is new, once its person has allowed it.

const every = 20_000;

/** What is new among `items`, by request and kind; `known` is what was there before. */
export function news(items, known) {
  return items.filter((item) => !known.has(`${item.request} ${item.what}`));
}

/** What a notification says: who asks and until when, and nothing of what the request is about. */
export function words(item) {
  const what = {
    "approve-or-deny": "A request waits for your decision", attest: "An order waits to be attested",
    ratify: "A search waits to be ratified", open: "A request can be opened",
    "tell-owner": "A plate's owner is to be told",
  }[item.what] ?? "A request has changed";
  return { title: what, body: `${item.requester}, until ${item.deadline.slice(0, 16)} UTC` };
}

async function ask() {
  const answer = await fetch("/waiting.json", { credentials: "same-origin", cache: "no-store" });
  if (!answer.ok) throw new Error("the desk does not answer");
  return (await answer.json()).waiting;
}

function show(items) {
  const place = document.querySelector('nav[aria-label="Main"] a');
  if (!place) return;
  let count = place.querySelector(".count");
  if (!count && items.length > 0) {
    count = document.createElement("span");
    count.className = "count";
    place.append(" ", count);
  }
  if (count && items.length > 0) count.textContent = String(items.length);
  else count?.remove();
}

function offer() {
  const place = document.querySelector("[data-notify]");
  if (!place || !("Notification" in globalThis) || Notification.permission !== "default") return;
  place.hidden = false;
  place.querySelector("button")?.addEventListener("click", async () => {
    await Notification.requestPermission();
    place.hidden = true;
  });
}

function keep(items) {
  sessionStorage.setItem("waiting", JSON.stringify(items.map((i) => `${i.request} ${i.what}`)));
}

async function round() {
  const items = await ask();
  const before = sessionStorage.getItem("waiting");
  show(items);
  if (before && "Notification" in globalThis && Notification.permission === "granted") {
    for (const item of news(items, new Set(JSON.parse(before)))) {
      const { title, body } = words(item);
      new Notification(title, { body, tag: item.request });
    }
  }
  keep(items);
}

if (typeof document !== "undefined") {
  offer();
  const again = () => round().catch(() => {}).finally(() => setTimeout(again, every));
  again();
}
