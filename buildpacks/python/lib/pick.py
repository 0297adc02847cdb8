"""Of the `version<TAB>executable` lines on standard input the newest whose version is as wanted."""
import sys

from ranges import satisfies

lines = [line.rstrip("\n").split("\t") for line in sys.stdin]
fitting = [line for line in lines if satisfies(line[0], sys.argv[1])]
if fitting:
    print("\t".join(max(fitting, key=lambda line: [int(number) for number in line[0].split(".")])))
