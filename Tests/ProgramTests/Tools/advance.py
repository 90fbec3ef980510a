"""Lets hours pass at all machines at once, before anybody can tell of it: `advance.py HOURS DIR…`.
Prints how many clocks it moved."""

import os
import sys

hours, paths = int(sys.argv[1]), [f"{folder}/clock" for folder in sys.argv[2:]]
for path in paths:
    with open(path) as file:
        words = file.read().split()
    for place in (1, 3):
        words[place] = str(int(words[place]) + hours * 3_600_000)
    with open(path + ".next", "w") as file:
        file.writelines(f"{key} {value}\n" for key, value in zip(words[::2], words[1::2]))
for path in paths:
    os.rename(path + ".next", path)
print(len(paths))
