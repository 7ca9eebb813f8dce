#!/bin/bash
# A campaign: seeds that nobody has run yet, on all cores, for so long; adds its totals as a line to
# docs/simulation-record.md and goes on there the next time. Failures are kept, with their reports.
#
#   tests/simulation/campaign.sh --minutes 60 [--jobs N] [--reports DIR] [SIMULATE_OPTION...]
#
# Ends with 0 if every seed passed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

minutes=10
jobs=$(nproc)
reports=${TMPDIR:-/tmp}/barnabas-campaign
options=()
while (($#)); do
  case "$1" in
    --minutes) minutes=$2 && shift 2 ;;
    --jobs) jobs=$2 && shift 2 ;;
    --reports) reports=$2 && shift 2 ;;
    --help | -h)
      sed -n '2,/^set/{/^# \{0,1\}/s///p}' "${BASH_SOURCE[0]}"
      exit 0
      ;;
    *) options+=("$1") && shift ;;
  esac
done

record=docs/simulation-record.md
# The last seed of the last line of the table, or where campaigns begin: below are those of CI.
first=$(sed -n 's/^| [0-9-]* | [0-9a-f]* | [0-9]*-\([0-9]*\) |.*/\1/p' "$record" | sort -n | tail -1)
first=$((${first:-99999} + 1))

bazel build --noshow_progress //tests/simulation:simulate
mkdir -p "$reports"
simulate=$reports/simulate # a copy: the tree may be built again meanwhile
rm -f "$simulate" "$reports"/totals.*
cp bazel-bin/tests/simulation/simulate "$simulate"
commit=$(git rev-parse --short HEAD)

children=()
for ((job = 0; job < jobs; ++job)); do
  "$simulate" --minutes "$minutes" --first $((first + job)) --stride "$jobs" \
    --totals "$reports/totals.$job" "${options[@]}" >"$reports/$commit-$((first + job)).log" 2>&1 &
  children+=($!)
done
trap 'kill "${children[@]}" 2>/dev/null || true' INT TERM
for child in "${children[@]}"; do wait "$child" || true; done

cat "$reports"/totals.* | awk -F= -v first="$first" -v commit="$commit" -v date="$(date -u +%F)" '
  $1 == "last" { if ($2 > last) last = $2; next }
  /^fault:/ { sub(/^fault:/, "", $1); if (!($1 in faults)) kinds[++n] = $1 }
  n && $1 == kinds[n] || $1 in faults { faults[$1] += $2; all += $2; next }
  { sum[$1] += $2 }
  END {
    for (i = 1; i <= n; ++i)
      if (faults[kinds[i]]) by = by (by == "" ? "" : ", ") kinds[i] " " faults[kinds[i]]
    printf "| %s | %s | %d-%d | %d | %.1f | %d (%s) | %d | %d | %d |\n", date, commit, first, last,
      sum["seeds"], sum["simulated_us"] / 3.6e9, all, by, sum["acknowledged"], sum["consumed"],
      sum["violations"]
  }' >"$reports/row"
# Below the last line of the first table, or below its head.
at=$(sed -n "/^| [0-9-]* | [0-9a-f]* | [0-9]*-/=" "$record" | tail -1)
[[ $at ]] || at=$(grep -n '^|---' "$record" | head -1 | cut -d: -f1)
sed -i "${at}r $reports/row" "$record"
cat "$reports/row"
echo "reports: $reports"
! grep -q '^\(liveness\|crash\|correctness\)$' "$reports/$commit-"*.log
