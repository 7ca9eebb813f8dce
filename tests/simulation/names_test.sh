#!/bin/bash
# Each name in planted("...") and reached("...") in the code stands in mistakes.txt and marks.txt,
# and each name there stands in the code: a list that has gone stale promises what nobody checks.
# Reads the tree itself, so it is run each time (tag "external").
set -euo pipefail
export LC_ALL=C
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
cd "$here/../.."
failed=0

names_in_code() {
  grep -rPzo --include='*.cc' --include='*.h' --exclude='*_test.cc' "\b$1\(\s*\"\K[^\"]+" \
    broker controller kafka metadata raft storage | tr '\0' '\n' | sed 's/^[^:]*\.\(cc\|h\)://' |
    sort -u
}

compare() {
  local word=$1 list=$2
  local known
  known=$(sed -e "/^#/d" -e "/^$/d" "$here/$list" | sort)
  if [[ $(uniq -d <<<"$known") ]]; then
    echo "tests/simulation/$list names twice: $(uniq -d <<<"$known")"
    failed=1
  fi
  while IFS= read -r name; do
    [[ -z $name ]] && continue
    echo "$word(\"$name\") is in the code and not in tests/simulation/$list: add a line there"
    failed=1
  done < <(comm -23 <(names_in_code "$word") <(sort -u <<<"$known"))
  while IFS= read -r name; do
    [[ -z $name ]] && continue
    echo "tests/simulation/$list has \"$name\", and no $word(\"$name\") is in the code"
    failed=1
  done < <(comm -13 <(names_in_code "$word") <(sort -u <<<"$known"))
}

compare planted mistakes.txt
compare reached marks.txt
exit "$failed"
