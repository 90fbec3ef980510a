"""What strangers' pages and programs try at a person's desk: other hosts, other sites, forged forms,
used addresses. Each is refused with a reason, and what was tried has not happened."""

import http.client
import http.server
import json
import os
import pathlib
import threading

from browser import Browser, addresses, claim, done, enter, holds, until

WORD = "public-auditor-officer"
entrance = addresses()["desks"][WORD]
host = entrance.split("/")[2]
port = int(host.split(":")[1])


def ask(method="GET", path="/", headers=(), body=None, hosts=(host,)):
    """A question as no browser would send it: exactly these fields."""
    way = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    way.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for one in hosts:
        way.putheader("Host", one)
    for name, value in headers:
        way.putheader(name, value)
    if body is not None and not any(name == "Content-Length" for name, _ in headers):
        way.putheader("Content-Length", str(len(body)))
    way.endheaders(body)
    try:
        answer = way.getresponse()
        return answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), answer.read()
    except (http.client.HTTPException, ConnectionError):
        return 0, {}, b""
    finally:
        way.close()


class Stranger:
    """A web server of somebody else's, without any policy: one page at every path."""

    def __init__(self, page):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = page.encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def before_anybody_enters():
    """The token is not burnt by what is refused, and guesses open nothing."""
    if pathlib.Path(os.environ["ADDRESSES"] + "." + WORD).exists():
        return
    path = "/" + entrance.split("/", 3)[3]
    wrong = path[:-1] + ("0" if path[-1] != "0" else "1")
    tries = {
        "a wrong token": ask(path=wrong), "half the token": ask(path=path[:-8]),
        "the token in a form": ask("POST", path, body=b""),
        "the token in a frame": ask(path=path, headers=[("Sec-Fetch-Dest", "iframe")]),
        "the token in a script": ask(path=path, headers=[("Sec-Fetch-Dest", "empty")]),
        "the token under another host": ask(path=path, hosts=["desk.example"]),
    }
    for name, (status, _, body) in tries.items():
        holds(f"{name} opens nothing", 400 <= status < 500 and b"Set-Cookie" not in body, status)


def hosts_and_methods(cookie):
    own = [("Cookie", cookie)]
    for name, given in {
        "localhost": [f"localhost:{port}"], "a name bound anew": [f"desk.example:{port}"],
        "no port": ["127.0.0.1"], "another port": [f"127.0.0.1:{port + 1}"],
        "another spelling": [f"127.1:{port}"], "a final dot": [f"127.0.0.1.:{port}"],
        "no host": [], "two hosts": [host, f"desk.example:{port}"],
    }.items():
        status, headers, body = ask(headers=own, hosts=given)
        holds(f"host: {name} is refused", status in (0, 400, 421) and b"Waiting" not in body, status)
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"]:
        status, headers, _ = ask(method, "/", own)
        holds(f"{method} is refused, and allows nobody anything",
              status in (0, 400, 404, 405) and not any("access-control" in name for name in headers),
              (status, headers))
    for path in ["//", "/assets/../waiting.json", "/assets/%2e%2e/roster.txt", "/./", "/%00",
                 "/assets/..%2f..%2fkey", "/assets/style.css/", "/ ", "/\\", "/.git/config"]:
        status, _, body = ask(path=path.replace(" ", "%20"), headers=own)
        holds(f"path {path!r} is none", status in (0, 400, 404), status)
    status, _, _ = ask("POST", "/leave", own + [("Origin", f"http://{host}"), (
        "Content-Type", "application/x-www-form-urlencoded"),
        ("Content-Length", str(1 << 40))], body=b"x")
    holds("a body of a terabyte is refused unread", status in (0, 400, 413), status)


def sessions(cookie, form):
    """Who has no cookie, or another's, or no token of a form, changes and reads nothing."""
    name, value = cookie.split("=")
    for what, headers in {
        "no cookie": [], "a guessed cookie": [("Cookie", f"{name}={'0' * 64}")],
        "two cookies": [("Cookie", f"{cookie}; {name}=1")],
        "the cookie of another desk": [("Cookie", f"platevault-desk-1={value}")],
    }.items():
        status, _, body = ask(headers=headers)
        holds(f"{what}: nothing is shown", status in (401, 403) and b"Waiting" not in body, status)
    origin = ("Origin", f"http://{host}")
    kind = ("Content-Type", "application/x-www-form-urlencoded")
    good = [("Cookie", cookie), kind]
    field, token = form
    right = f"{field}={token}".encode()
    for what, headers, body in [
        ("no token of the form", [*good, origin], b""),
        ("a wrong token", [*good, origin], f"{field}={'0' * len(token)}".encode()),
        ("no origin", good, right), ("the origin null", [*good, ("Origin", "null")], right),
        ("another origin", [*good, ("Origin", "http://desk.example")], right),
        ("another port's origin", [*good, ("Origin", f"http://127.0.0.1:{port + 1}")], right),
        ("another scheme", [*good, ("Origin", f"https://{host}")], right),
        ("sent from another site", [*good, origin, ("Sec-Fetch-Site", "cross-site")], right),
        ("sent from another port", [*good, origin, ("Sec-Fetch-Site", "same-site")], right),
        ("no cookie", [kind, origin], right),
        ("as text", [("Cookie", cookie), origin, ("Content-Type", "text/plain")], b"a=b"),
    ]:
        status, _, _ = ask("POST", "/leave", headers, body)
        holds(f"a form is refused: {what}", 400 <= status < 500, status)
    status, _, body = ask(headers=[("Cookie", cookie)])
    holds("after all of that the session is still there", status == 200, status)


def headers_everywhere(cookie):
    own = [("Cookie", cookie)]
    answers = {"the desk": ask(headers=own), "a refusal": ask(), "a foreign host": ask(hosts=["x"]),
               "nothing there": ask(path="/nothing", headers=own),
               "what waits": ask(path="/waiting.json", headers=own)}
    for name, (status, headers, _) in answers.items():
        policy = headers.get("content-security-policy", "")
        wanted = {
            "cache-control": "no-store", "x-content-type-options": "nosniff",
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
        }
        missing = [key for key, value in wanted.items() if value not in headers.get(key, "")]
        holds(f"headers of {name}: kept by nobody, sniffed by nobody, shared with nobody",
              not missing and "permissions-policy" in headers, (missing, headers))
        parts = ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "script-src 'self'"]
        holds(f"headers of {name}: a strict policy",
              all(part in policy for part in parts) and "unsafe" not in policy
              and "*" not in policy and "http" not in policy, policy)
        holds(f"headers of {name}: nobody is told where one came from",
              headers.get("referrer-policy") in ("no-referrer", "same-origin"), headers)
        holds(f"headers of {name}: no other page may read it",
              not any("access-control" in key for key in headers), headers)


PAGE = """<!doctype html><title>Stranger</title><h1>Stranger</h1>
<form id=post method=post action="http://HOST/leave"><input name=form value=guess></form>
<iframe id=frame src="http://HOST/"></iframe><img id=image src="http://HOST/">
<a id=link href="http://HOST/">to the desk</a><pre id=told></pre>
<script>
const told = {};
const tell = (name, what) => { told[name] = what;
  document.querySelector("#told").textContent = JSON.stringify(told); };
const read = (name, options) => fetch("http://HOST/waiting.json", options)
  .then(async (answer) => tell(name, answer.type === "opaque" ? "opaque" : await answer.text()))
  .catch(() => tell(name, "refused"));
read("cors", {credentials: "include"});
read("opaque", {credentials: "include", mode: "no-cors"});
fetch("http://HOST/leave", {method: "POST", credentials: "include", mode: "no-cors",
  body: new URLSearchParams({form: "guess"})}).then(() => tell("post", "sent"), () => tell("post", "refused"));
document.querySelector("#image").onload = () => tell("image", "loaded");
const script = document.createElement("script");
script.src = "http://HOST/waiting.json";
script.onload = () => tell("script", "loaded");
script.onerror = () => tell("script", "refused");
document.head.append(script);
</script>"""


def strangers(cookie):
    """Pages of another site, and of another port of this machine, in the browser that has the session."""
    stranger = Stranger(PAGE.replace("HOST", host))
    name, value = cookie.split("=")
    for kind, site in [("another site", "stranger.example"), ("another port", "127.0.0.1")]:
        rules = f"--host-resolver-rules=MAP stranger.example 127.0.0.1"
        with Browser(extra=[rules]) as browser:
            enter(browser, WORD)
            holds(f"{kind}: the browser has a session", "What waits" in browser.text, browser.text)
            browser.open(f"http://{site}:{stranger.port}/")
            until(10, lambda: all(word in browser.find("#told").text
                                  for word in ("cors", "opaque", "post", "script")))
            told = json.loads(browser.find("#told").text)
            holds(f"{kind}: its scripts read nothing",
                  told.get("cors") == "refused" and told.get("script") == "refused"
                  and told.get("opaque") in ("refused", "opaque") and "image" not in told, told)
            browser.driver.switch_to.frame(browser.find("#frame"))
            holds(f"{kind}: it cannot put the desk into a frame",
                  "What waits" not in browser.source, browser.source[:500])
            browser.driver.switch_to.default_content()
            browser.find("#link").click()
            until(5, lambda: browser.address.startswith(f"http://{host}"))
            holds(f"{kind}: its link does not open the desk, and the page says why",
                  "What waits" not in browser.text and len(browser.text) > 40, browser.text)
            browser.open(f"http://{site}:{stranger.port}/")
            browser.run("document.querySelector('#post').submit()")
            until(5, lambda: browser.address.startswith(f"http://{host}"))
            holds(f"{kind}: its form changes nothing", "What waits" not in browser.text, browser.text)
    rules = f"--host-resolver-rules=MAP desk.example 127.0.0.1"
    with Browser(extra=[rules]) as browser:
        browser.open(f"http://desk.example:{port}/")
        holds("a name bound anew to this machine: told off, nothing shown",
              "What waits" not in browser.text and "own address" in browser.text, browser.text)
        browser.open(f"http://127.0.0.1:{port}/")
        holds("a browser without the session sees a clear page", "no session" in browser.text, browser.text)
        browser.open(entrance)
        holds("the address that was used opens nothing", "used before" in browser.text, browser.text)
        browser.shot("desk-address-used")
    status, _, body = ask(headers=[("Cookie", cookie)])
    holds("after all strangers the session is still there", status == 200, status)


def main():
    before_anybody_enters()
    with Browser() as browser:
        enter(browser, WORD)
        holds("the address becomes a clean one at once", browser.address == f"http://{host}/", browser.address)
        kept = next(one for one in browser.driver.get_cookies() if "desk" in one["name"])
        holds("the cookie is for this desk's pages only, and for no script",
              kept["httpOnly"] and kept["sameSite"] == "Strict" and str(port) in kept["name"], kept)
        cookie = f"{kept['name']}={kept['value']}"
        field = browser.find("form[action='/leave'] input[type=hidden]")
        form = field.get_attribute("name"), field.get_attribute("value")
        holds("no script sees the cookie", kept["value"] not in browser.run("return document.cookie"))
    hosts_and_methods(cookie)
    sessions(cookie, form)
    headers_everywhere(cookie)
    strangers(cookie)
    with claim("whoever ends the session ends it for the cookie too"):
        with Browser() as browser:
            enter(browser, WORD)
            browser.click("End session")
            assert until(10, lambda: ask(headers=[("Cookie", cookie)])[0] == 401), browser.text
    done()


main()
