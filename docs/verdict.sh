#!/bin/sh
# docs/verdict.sh: the picture in the README, from two real verdicts.
#
#   docs/verdict.sh WORKBOOK [--check]
#
# WORKBOOK is the built program, build/tools/workbook. Grades a wrong solution of drill 01, in which
# all machines share one frame, and the right one; writes docs/verdict.svg, or with --check compares.
#
# SPDX-License-Identifier: MIT
set -eu
workbook=$(CDPATH='' cd -- "$(dirname -- "$1")" && pwd)/workbook
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cp "$root/solutions/3.3.1/01_async_await.c" "$folder/solved.c"
cp "$folder/solved.c" "$folder/first_try.c"
patch --silent "$folder/first_try.c" \
    "$root/tests/mutants/3.3.1/01_async_await/m4_static_frame.patch"

for file in first_try.c solved.c; do
    printf '$ ./workbook test --file %s 01\n' "$file"
    # Full points end with 0, less with 1: both are verdicts.
    (cd "$folder" && "$workbook" test --file "$file" 01) || [ $? = 1 ]
done >"$folder/printed"
python3 "$root/tools/verdict_svg.py" <"$folder/printed" >"$folder/verdict.svg"

if [ "${2:-}" = --check ]; then
    cmp "$folder/verdict.svg" "$root/docs/verdict.svg" || {
        echo "docs/verdict.svg is not what the grader says: docs/verdict.sh build/tools/workbook" >&2
        exit 1
    }
else
    cp "$folder/verdict.svg" "$root/docs/verdict.svg"
fi
