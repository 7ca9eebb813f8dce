#!/bin/bash
# Runs the schedule of every safety rule sound and with the rule switched off (rules.txt).
#   rules_test.sh [ONE_RULE]
set -u
cd "${TEST_SRCDIR:-.}/${TEST_WORKSPACE:-.}" || exit 1
scratch=${TEST_TMPDIR:-$(mktemp -d)}
failures=0
lines=0

trim() { sed 's/^ *//; s/ *$//' <<<"$1"; }

# run NAME TARGET FILTER [MISTAKE]: leaves the output in $scratch/NAME; the test's exit code.
run() {
  mkdir -p "$scratch/$1.tmp"
  (
    if [ -n "${4:-}" ]; then export BARNABAS_PLANT=$4; fi
    TEST_TMPDIR="$scratch/$1.tmp" XML_OUTPUT_FILE="" GTEST_OUTPUT="" \
      timeout 120 "./$2" --gtest_filter="$3" >"$scratch/$1" 2>&1
  ) 2>/dev/null  # the shell's word on who was aborted
  local code=$?
  rm -rf "$scratch/$1.tmp"
  return $code
}

fail() {
  echo "FAILED: $1"
  tail -n 25 "$2" | sed 's/^/    /'
  failures=$((failures + 1))
}

# Nothing of bazel's own test environment may reach the tests inside.
unset TEST_SHARD_INDEX TEST_TOTAL_SHARDS TEST_SHARD_STATUS_FILE TESTBRIDGE_TEST_ONLY

while IFS='|' read -r rule mistake target filter; do
  rule=$(trim "$rule")
  if [ -z "$rule" ] || [ "${rule:0:1}" = "#" ]; then continue; fi
  if [ $# -gt 0 ] && [ "$1" != "$rule" ]; then continue; fi
  mistake=$(trim "$mistake")
  target=$(trim "$target")
  filter=$(trim "$filter")
  lines=$((lines + 1))
  if ! run sound "$target" "$filter"; then
    fail "$rule: $target $filter does not pass as it is" "$scratch/sound"
  elif ! grep -q '^\[  PASSED  \] [1-9]' "$scratch/sound"; then
    fail "$rule: $target has no test $filter" "$scratch/sound"
  elif run broken "$target" "$filter" "$mistake"; then
    fail "$rule: $target $filter does not notice \"$mistake\"" "$scratch/broken"
  elif ! grep -q '^\[  FAILED  \]\|Check failed' "$scratch/broken"; then
    fail "$rule: $target $filter ended with \"$mistake\" without a verdict" "$scratch/broken"
  elif grep -q 'planted: had its moment 0 times' "$scratch/broken"; then
    fail "$rule: \"$mistake\" never had its moment in $target $filter" "$scratch/broken"
  else
    echo "$rule: green, and red when it is switched off ($mistake)"
  fi
done <tests/rules/rules.txt

echo "$lines schedules, $failures wrong"
[ "$lines" -gt 0 ] && [ "$failures" -eq 0 ]
