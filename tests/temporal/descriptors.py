#!/usr/bin/env python3
"""descriptors.py PROTO... - a table in C of every message at the top of these files, on stdout."""
import pathlib
import re
import sys


def c_name(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def main():
    print('#include "wire_turn.h"')
    print("const struct named_descriptor named_descriptors[] = {")
    for path in sys.argv[1:]:
        for name in re.findall(r"^message (\w+)", pathlib.Path(path).read_text(), re.M):
            print(f'    {{"{name}", &ds__{c_name(name)}__descriptor}},')
    print("    {NULL, NULL},\n};")


main()
