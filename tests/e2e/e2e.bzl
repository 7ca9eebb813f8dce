"""An end-to-end test: a Python file that starts real processes (see run.sh and harness.py)."""

def e2e_test(name, size = "medium", data = [], **kwargs):
    native.sh_test(
        name = name,
        size = size,
        srcs = ["run.sh"],
        args = ["tests/e2e/%s.py" % name],
        data = [
            name + ".py",
            ":library",
            "//broker:barnabas-broker",
            "//cli:barnabas",
            "//controller:barnabas-controller",
            "//deploy:cluster",
            "//tests/tools:ledger",
        ] + data,
        # Six daemons and their clients: two such tests on two cores would only measure each other.
        tags = ["cpu:2", "e2e"],
        **kwargs
    )
