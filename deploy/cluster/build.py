"""Builds the binaries that a cluster runs, and gives the cluster copies of its own."""

import os
import shutil
import subprocess
import sys

from cluster import ClusterError

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TARGETS = {"barnabas-controller": "controller", "barnabas-broker": "broker", "barnabas": "cli"}


def build(cluster, configuration, more=None):
    """`more`: further binaries, name to package. Copies, so that a later build changes nothing."""
    targets = {**TARGETS, **(more or {})}
    options = [f"--config={configuration}"]
    labels = [f"//{package}:{name}" for name, package in targets.items()]
    command = ["bazel", "build", *options, *labels]
    try:
        built = subprocess.run(command, cwd=ROOT, stdout=sys.stderr).returncode == 0
    except FileNotFoundError:
        raise ClusterError("build", "there is no bazel", "the packages are not installed",
                           "deploy/install_deps.sh") from None
    if not built:
        raise ClusterError("build", " ".join(command) + " failed", "",
                           "deploy/install_deps.sh, then the first error above")
    output = subprocess.run(["bazel", "info", *options, "bazel-bin"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.strip()
    cluster.bin = os.path.join(cluster.directory, "bin")
    os.makedirs(cluster.bin, exist_ok=True)
    for name, package in targets.items():
        target = os.path.join(cluster.bin, name)
        shutil.copy2(os.path.join(output, package, name), target + ".new")
        os.replace(target + ".new", target)  # the old file may be running
    if configuration != "opt":
        cluster.patience = 120.0
    cluster.save()
