#!/bin/bash
# Fetches the clients of other languages that the tests run members of groups with: kafkajs by npm,
# Apache Kafka's Java client by Maven, each in the one version whose hash stands here.
#
#   tests/clients/install.sh DIR     # DIR/node_modules/kafkajs, DIR/java/*.jar and *.class
#
# Done once: a stamp says of which state of this folder. What cannot be had, because its tool is not
# installed or its registry does not answer, is said here and in DIR/{kafkajs,java}.missing, and its
# tests are skipped with that sentence. A wrong hash, or a program that does not compile, fails.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=$1
state=$(cat "$here"/* | sha256sum)
if [[ $(cat "$dir/stamp" 2>/dev/null) == "$state" ]]; then exit 0; fi
echo "install.sh: fetching kafkajs and Apache Kafka's client into $dir"
rm -rf "$dir"
mkdir -p "$dir/java"
complete=1

missing() {
  echo "install.sh: $1 is MISSING, its tests will be skipped: $2" | tee "$dir/$1.missing" >&2
  complete=0
}

tools() { local tool; for tool; do command -v "$tool" >/dev/null || { echo "$tool"; return 1; }; done; }

if ! tool=$(tools node npm); then
  missing kafkajs "there is no $tool"
else
  cp "$here"/package.json "$here"/package-lock.json "$here"/member.js "$dir"
  if ! (cd "$dir" && timeout 60 npm ci --ignore-scripts --no-audit --no-fund >npm.log 2>&1); then
    if grep -q EINTEGRITY "$dir/npm.log"; then cat "$dir/npm.log" >&2; exit 1; fi
    missing kafkajs "npm: $(grep -m1 'npm error' "$dir/npm.log" || echo 'no answer in a minute')"
  fi
fi

if ! tool=$(tools java javac mvn); then
  missing java "there is no $tool"
elif ! timeout 120 mvn -q -B -f "$here/pom.xml" \
  org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
  -DoutputDirectory="$dir/java" >"$dir/mvn.log" 2>&1; then
  missing java "mvn: $(grep -m1 ERROR "$dir/mvn.log" || echo 'no answer in two minutes')"
else
  (cd "$dir/java" && sha256sum --quiet -c "$here/jars.sha256")
  javac -XDignore.symbol.file -cp "$dir/java/*" -d "$dir/java" "$here/Member.java"
fi

# What was missing is tried again next time.
if ((complete)); then echo "$state" >"$dir/stamp"; fi
