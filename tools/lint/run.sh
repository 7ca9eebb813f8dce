#!/bin/bash
# One lint action (lint.bzl): run.sh format|tidy STAMP FILE [FLAG...]. Prints only what is wrong.
set -euo pipefail
what=$1 stamp=$2 file=$3
shift 3
case $what in
  format)
    if ! clang-format-19 --dry-run --Werror "$file"; then
      echo "format: run clang-format-19 -i $file" >&2
      exit 1
    fi
    ;;
  tidy)
    if ! out=$(clang-tidy-19 --quiet --config-file=.clang-tidy "$file" -- -x c++ "$@" 2>&1); then
      grep -v -e 'warnings generated' -e '^Suppressed' -e '^Use -header-filter' <<<"$out" >&2
      exit 1
    fi
    ;;
esac
: >"$stamp"
