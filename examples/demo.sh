#!/bin/sh
# What `make demo` shows. The binary is given in LEASTWISE.
set -eu
leastwise=${LEASTWISE:?names the leastwise binary}

"$leastwise" --help
