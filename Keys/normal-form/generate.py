#!/usr/bin/env python3
"""Writes the closed table of the plates' normal form, version 1 (Docs/Spec/Plate.md).

    python3 Keys/normal-form/generate.py

makes Keys/normal-form/v1.tsv and Sources/Plates/NormalFormTable.swift. The choice of letters stands
below; Python's unicodedata is asked only for case pairs, presentation forms and refused classes.
Once a version is in use its table never changes: another choice is another version.
"""
import pathlib
import sys
import unicodedata

ROOT = pathlib.Path(__file__).resolve().parents[2]
VERSION = 1
MAPPED = {}  # code point -> code point it becomes, or 0 where it is dropped


def put(source, target):
    previous = MAPPED.setdefault(ord(source), target if target == 0 else ord(target))
    assert previous == (target if target == 0 else ord(target)), hex(ord(source))


def keep(letters):
    for letter in letters:
        put(letter, letter)


def both_cases(upper, target=None):
    put(upper, target or upper)
    lower = upper.lower()
    if len(lower) == 1 and lower != upper:
        put(lower, target or upper)


def characters(first, last):
    return [chr(code) for code in range(first, last + 1)]


# ASCII, and the full-width forms of East Asian readers.
keep("0123456789")
for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
    both_cases(letter)
    both_cases(chr(ord(letter) + 0xFEE0), letter)
for digit in "0123456789":
    put(chr(ord(digit) + 0xFEE0), digit)

# Digits of scripts in which plates are written become ASCII digits: both Arabic-Indic rows, and
# Devanagari (Nepal), Thai and Lao.
for zero in (0x0660, 0x06F0, 0x0966, 0x0E50, 0x0ED0):
    for value in range(10):
        put(chr(zero + value), str(value))

# Latin letters with marks stand for themselves (German, Nordic and South Slavic plates): A and Ä
# are two plates. The Turkish i's are one letter on plates, and both crossed D's look alike.
for letter in characters(0xC0, 0xDE) + characters(0x100, 0x17D):
    lower = letter.lower()
    if not letter.isupper() or letter in "ÐİĲ" or len(lower) != 1:
        continue
    if unicodedata.category(letter) == "Lu":
        both_cases(letter)
put("Ð", "Đ")
put("ð", "Đ")
put("İ", "I")
put("ı", "I")

# Cyrillic and Greek letters that look Latin become Latin, in both cases.
for source, target in zip("АВЕКМНОРСТУХІЈЅ", "ABEKMHOPCTYXIJS"):
    both_cases(source, target)
for source, target in zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX"):
    both_cases(source, target)
# The others stand for themselves: Russian, Ukrainian, Belarusian, Serbian, Macedonian, Mongolian.
for letter in "БГДЖЗИЙЛПФЦЧШЩЪЫЬЭЮЯЁЄЇҐЎЂЋЉЊЏЃЌӨҮ":
    both_cases(letter)
for letter in "ΓΔΘΛΞΠΣΦΨΩ":
    both_cases(letter)
put("ς", "Σ")

# Arabic letters; spellings of one letter that differ by country or keyboard become one, and so do
# the presentation forms of display devices.
keep("ءابتثجحخدذرزسشصضطظعغفقكلمنهويپچژگ")
for source, target in {
    "آ": "ا", "أ": "ا", "إ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ک": "ك",
    "ہ": "ه", "ھ": "ه", "ە": "ه", "ة": "ه",
}.items():
    put(source, target)
for form in characters(0xFB50, 0xFDFF) + characters(0xFE70, 0xFEFC):
    plain = unicodedata.normalize("NFKC", form)
    if len(plain) == 1 and MAPPED.get(ord(plain), 0) != 0:
        put(form, chr(MAPPED[ord(plain)]))

# Hebrew letters (army and police plates), without points.
keep(characters(0x05D0, 0x05EA))
# Thai and Lao consonants; vowels and tone marks stand on no plate, only in province names.
keep(characters(0x0E01, 0x0E2E))
keep(c for c in characters(0x0E81, 0x0EAE) if unicodedata.category(c) == "Lo")
# Devanagari with the vowel signs of Nepal's zone codes; letters that have a second spelling with
# a nukta are left out.
keep(c for c in characters(0x0905, 0x0939)
     if unicodedata.category(c) == "Lo" and not unicodedata.decomposition(c))
keep("ािीुूेैोौ्ं")
# Chinese provinces, and the marks of police, army, learners, trailers, consulates and regions.
keep("京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼")
keep(sorted(set("港澳台学警领使挂试超临军空海北沈兰济南广成民航应急消救")
            - {chr(c) for c in MAPPED}))
# Japan: hiragana, and the kanji and katakana of the offices' names.
OFFICES = """札幌函館旭川室蘭苫小牧釧路知床帯広北見青森弘前八戸岩手盛岡平泉宮城仙台秋田山形庄内福島
会津郡白河水土浦宇都那須日光群馬橋高崎大宮口所沢越熊谷春部千葉成習志野市船袖ヶ原柏松品世練杉並板
足立江東葛飾王子多摩横浜湘南相模梨富士新潟長岡上本諏訪石金井岐阜飛騨静沼津伊豆名古屋豊三河田尾張
一鈴鹿四勢滋賀京阪和堺奈良鳥歌神姫取根出雲倉敷下関徳香愛媛福九州久留米筑佐世保分児奄美沖縄知泉重"""
keep(c for c in characters(0x3042, 0x3093) if "SMALL" not in unicodedata.name(c)
     and ord(c) not in (0x3090, 0x3091) and not unicodedata.decomposition(c))
for letter in sorted(set(OFFICES) - {"\n"}):
    put(letter, letter)
# Korea: the letters of use, the former provinces, and diplomatic and military marks.
KOREA = """가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주아바사자하허호배
서울부산대구인천광주대전울산세종경기강원충북충남전북전남경북경남제주외교영사준협정표국합육공해"""
for letter in sorted(set(KOREA) - {"\n"}):
    put(letter, letter)

# Separators are dropped: spaces, hyphens and dashes, dots, and the Arabic stroke that only fills.
SEPARATORS = [0x20, 0xA0, *range(0x2002, 0x200B), 0x202F, 0x205F, 0x3000,
              0x2D, *range(0x2010, 0x2016), 0x2212, 0xFE58, 0xFE63, 0xFF0D,
              0x2E, 0xB7, 0x2022, 0x2024, 0x2027, 0x2219, 0x22C5, 0x30FB, 0xFF0E, 0xFF65, 0x640]
for code in SEPARATORS:
    put(chr(code), 0)

# Wildcards are refused by name, also in full width.
WILDCARDS = [ord(c) for c in "%*?_％＊？＿"]


def classes(test):
    """Inclusive ranges of the code points that a test holds for and the table does not list."""
    ranges = []
    for code in range(0x110000):
        if code in MAPPED or code in WILDCARDS or not test(unicodedata.category(chr(code))):
            continue
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return ranges


CONTROLS = classes(lambda c: c in ("Cc", "Cf", "Zl", "Zp"))
MARKS = classes(lambda c: c.startswith("M"))


def runs():
    """[first, last, target of first]: neighbours with the same distance; 0 where dropped."""
    result = []
    for code in sorted(MAPPED):
        target = MAPPED[code]
        if result:
            first, last, start = result[-1]
            step = start == 0 if target == 0 else start and target - code == start - first
            if last == code - 1 and step:
                result[-1][1] = code
                continue
        result.append([code, code, target])
    return result


def tsv():
    lines = ["# The normal form of plates, version 1 (Docs/Spec/Plate.md): first, last, what, to.",
             "# keep: as it is; map: becomes `to`; drop: a separator; refuse: the code of refusal.",
             "# Every code point that no line names is refused as plate-unlisted."]
    rows = []
    for code, target in MAPPED.items():
        what = "drop" if target == 0 else "keep" if target == code else "map"
        to = f"{target:04X}" if what == "map" else ""
        rows.append((code, code, what, to))
    rows += [(code, code, "refuse", "plate-wildcard") for code in WILDCARDS]
    rows += [(first, last, "refuse", "plate-control") for first, last in CONTROLS]
    rows += [(first, last, "refuse", "plate-combining") for first, last in MARKS]
    lines += [f"{a:04X}\t{b:04X}\t{what}\t{to}" for a, b, what, to in sorted(rows)]
    return "\n".join(lines) + "\n"


def swift_array(name, comment, numbers):
    lines = [f"    /// {comment}", f"    static let {name}: [UInt32] = ["]
    line = "       "
    for number in numbers:
        text = f" 0x{number:x},"
        if len(line) + len(text) > 100:
            lines.append(line)
            line = "       "
        line += text
    return lines + [line, "    ]"]


def swift():
    lines = ["// Written by Keys/normal-form/generate.py; never by hand. See Docs/Spec/Plate.md.", "",
             "/// The closed table of the normal form.", "enum NormalFormTable {",
             "    /// The version of this table; a generation of keys names the one it uses.",
             f"    static let version = {VERSION}", ""]
    lines += swift_array("runs", "Triples: first, last, what first becomes (0: dropped).",
                         [number for run in runs() for number in run])
    lines += [""]
    lines += swift_array("wildcards", "Refused as `plate-wildcard`.", sorted(WILDCARDS))
    lines += [""]
    lines += swift_array("controls", "Pairs first, last: refused as `plate-control`.",
                         [number for pair in CONTROLS for number in pair])
    lines += [""]
    lines += swift_array("marks", "Pairs first, last: refused as `plate-combining`.",
                         [number for pair in MARKS for number in pair])
    return "\n".join(lines + ["}"]) + "\n"


def main():
    # The script must say the same on every Python, so the classes are those of one Unicode version.
    print("unicodedata", unicodedata.unidata_version, file=sys.stderr)
    (ROOT / "Keys/normal-form/v1.tsv").write_text(tsv(), encoding="utf-8")
    (ROOT / "Sources/Plates/NormalFormTable.swift").write_text(swift(), encoding="utf-8")


main()
