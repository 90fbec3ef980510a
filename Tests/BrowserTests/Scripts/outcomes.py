"""What came of a search, shown for what it is: complete, empty and unknown hours, places on a
plain projection, one custodian's word alone and more than one's. The deployment is one of its own:
its clocks are moved, a site of it closes nothing, and a custodian is
away for a while, and a day dies."""

import json

from browser import NARROW, Browser, done, holds, looks, until
from city import City

PLATE = "RK161AG"
START = 1_772_431_200_000  # 2026-03-02T06:00Z


def message(minute, camera, place):
    return json.dumps({
        "data_type": "alpr_group", "epoch_start": START + minute * 60_000,
        "best_plate_number": PLATE, "best_confidence": 97.5, "camera_id": camera,
        "travel_direction": 90,
        "gps_latitude": place[0], "gps_longitude": place[1]}) + "\n"


def founded():
    """Reads of a first morning at three places, and a request for two hours at two sites, of which
    the second has closed nothing."""
    city = City("Main Street", "Harbour Bridge")
    city.write("reads.jsonl", message(1, 101, (40.75, -73.98)) + message(9, 102, (40.76, -73.97))
               + message(21, 103, (40.77, -73.99)) + message(33, 101, (40.75, -73.98)))
    city.run("clock", "--advance", "50m")
    city.run("ingest", "--site", "1", "reads.jsonl")
    city.away("gateway-2")
    city.run("clock", "--advance", "10h")
    first = city.request([PLATE], "2026-03-02T06Z", "2026-03-02T07Z", [1, 2], "26-1", 1)
    city.approve(first)
    return city, first


def opens(desk, browser, request):
    """Opens a request, or opens it once more; the page's cells, each as its word and its mark."""
    browser.open(f"{desk.root}/requests/{request}")
    browser.press(browser.find("form[action$='/open'] button"))
    until(240, lambda: browser.address.endswith("/opened")
          and "What was opened" in browser.title)
    holds("what was opened is shown", browser.has("#cells"), (browser.address, browser.text))
    return [(one.get_attribute("class").split()[-1], one.text.split("\n")[0])
            for one in browser.all(".cells td .cell")]


class Desk:
    """The investigator's. While it runs no other program moves the clocks."""

    def __init__(self, city, browser):
        self.process, address = city.desk("investigator")
        self.root = "/".join(address.split("/")[:3])
        browser.open(address)

    def close(self, browser):
        asked = {one for one in browser.requests() if not one.startswith((self.root, "data:"))}
        holds("the browser asks nobody but the desk", not asked, asked)
        # The page asks now and then what waits: there is to be nobody left who does.
        browser.open("about:blank")
        browser.requests()
        browser.complaints()
        self.process.terminate()
        self.process.wait(60)


def mornings(city, browser, request):
    """With one custodian away, and with all."""
    desk = Desk(city, browser)
    city.away("custodian-2")
    cells = opens(desk, browser, request)
    looks(browser, "outcomes-unconfirmed")
    holds("hours are complete, empty and unknown, and each says so",
          cells == [("complete", "4"), ("empty", "0"), ("unknown", "?"), ("unknown", "?")], cells)
    holds("an unknown hour is not called empty", "it is not empty" in browser.text, browser.text)
    holds("one custodian's word alone is told as that", browser.has(".callout.warn")
          and "Unconfirmed" in browser.find(".callout").text, browser.find(".callout").text)
    desk.close(browser)
    city.back("custodian-2")
    city.run("clock", "--advance", "10m")
    desk = Desk(city, browser)
    again = opens(desk, browser, request)
    looks(browser, "outcomes-confirmed")
    holds("opened again, when the others have checked, it is confirmed",
          browser.has(".callout.good") and "Confirmed by 2 of 2" in browser.find(".callout").text,
          browser.find(".callout").text)
    holds("and it says the same", again == cells, again)
    places(browser)
    with Browser(size=NARROW, dark=True) as phone:
        for one in browser.driver.get_cookies():
            phone.command("Network.setCookie", url=desk.root + "/", name=one["name"],
                          value=one["value"], httpOnly=True, sameSite="Strict", path="/")
        phone.open(f"{desk.root}/requests/{request}/opened")
        looks(phone, "outcomes-360-dark")
    desk.close(browser)


def places(browser):
    """Where it was read, on a projection that asks nobody for a map."""
    holds("each place is a spot, with a table beneath", len(browser.all("svg.map circle")) == 3
          and len(browser.all("figure.chart tbody tr")) == 3, browser.text)
    spots = [(float(one.get_attribute("cx")), float(one.get_attribute("cy")))
             for one in browser.all("svg.map circle")]
    # West is left, north is up: 101 in the middle and lowest, 102 east, 103 west and highest.
    holds("north is up and west is left",
          len(spots) == 3 and spots[2][0] < spots[0][0] < spots[1][0]
          and spots[2][1] < spots[1][1] < spots[0][1],
          spots)
    holds("the more reads, the larger", float(browser.all("svg.map circle")[0].get_attribute("r"))
          > float(browser.all("svg.map circle")[1].get_attribute("r")))


def dies(city, browser):
    """A request for hours on both sides of a midnight, opened before the first day dies and
    after."""
    for _ in range(29):
        city.run("clock", "--advance", "24h")
    city.run("clock", "--advance", "3h")
    request = city.request([PLATE], "2026-03-02T22Z", "2026-03-03T01Z", [1], "26-2", 2)
    city.approve(request)
    desk = Desk(city, browser)
    cells = opens(desk, browser, request)
    holds("while both days live, their hours are empty", cells == [("empty", "0")] * 4, cells)
    desk.close(browser)
    city.run("clock", "--advance", "12h")
    desk = Desk(city, browser)
    browser.open(f"{desk.root}/requests/{request}")
    browser.press(browser.find("form[action$='/open'] button"))
    until(240, lambda: browser.has(".flash.bad"))
    holds("when a day of it has died, nobody answers any more, and it is said which",
          "2026-03-02 is past 30 days: it is gone" in browser.text, browser.text)
    browser.complaints()  # of that answer
    browser.open(f"{desk.root}/requests/{request}")
    browser.press("What was opened")
    until(240, lambda: "What was opened" in browser.title)
    holds("what was opened before is verified anew, and still shown",
          len(browser.all(".cells td .cell.empty")) == 4, browser.text)
    browser.open(f"{desk.root}/new")
    holds("on the calendar of the form the day is gone",
          browser.has("button.day.gone[value='2026-03-02']"), browser.find("#hours").text)
    desk.close(browser)


def main():
    city, first = founded()
    try:
        with Browser() as browser:
            mornings(city, browser, first)
            dies(city, browser)
    finally:
        city.close()
    done()


main()
