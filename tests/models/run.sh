#!/bin/bash
# Checks a model exhaustively with spin, then that each of its must-fail variants fails:
#
#   tests/models/run.sh tests/models/replication.pml
#
# The bounds and the variants stand in the model's first comment. One line for each check; exits 0
# when the model holds at all its bounds and every variant breaks. On a violation the steps that
# lead to it are printed.
set -euo pipefail
model=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# check NAME DEFINE...: sets `errors`; exits if the search did not come to an end.
check() {
  local name=$1
  shift
  rm -f pan pan.c ./*.trail
  spin -a "$@" "$model" >spin.log || { cat spin.log >&2; exit 2; }
  gcc -O2 -w -DSAFETY -DCOLLAPSE -o pan pan.c
  ./pan -m1000000 -w22 >pan.log || true
  errors=$(sed -n 's/.*errors: \([0-9]*\).*/\1/p' pan.log)
  if [[ -z $errors ]] || grep -q -e 'max search depth too small' -e 'out of memory' pan.log; then
    echo "$name $*: the search did not come to an end" >&2
    cat pan.log >&2
    exit 2
  fi
  echo "$name $*: $(sed -n 's/ *\([0-9.e+]*\) states, stored.*/\1/p' pan.log) states, $errors errors"
}

comment=$(sed '/\*\//q' "$model")
mapfile -t bounds < <(sed -n 's/^ *\(-D[A-Z=0-9 D-]*\)$/\1/p' <<<"$comment")
mapfile -t variants < <(grep -E '^     [A-Z_]+ ' <<<"$comment")
((${#bounds[@]} && ${#variants[@]})) || { echo "$model: no bounds or no variants" >&2; exit 2; }

for bound in "${bounds[@]}"; do
  check holds $bound
  if ((errors)); then
    spin -t -p $bound "$model" | tail -80 >&2
    exit 1
  fi
done
failed=0
for variant in "${variants[@]}"; do
  name=${variant#"${variant%%[! ]*}"}
  name=${name%% *}
  own=$(grep -oE -e '-D[A-Z]+=[0-9]+' <<<"$variant" | tr '\n' ' ' || true)
  # Later defines count.
  declare -A set=()
  for define in ${bounds[0]} $own; do set[${define%%=*}]=$define; done
  check "must fail: $name" "${set[@]}" "-D$name"
  ((errors)) || { echo "must fail: $name was not caught" >&2; failed=1; }
  unset set
done
exit $failed
