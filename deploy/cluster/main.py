"""deploy/cluster.sh: see --help."""

import argparse
import fcntl
import json
import os
import shutil
import signal
import sys
import time

sys.dont_write_bytecode = True  # a checkout stays clean
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import processes  # noqa: E402
from build import build  # noqa: E402
from cluster import Cluster, ClusterError  # noqa: E402

HELP = """a local Barnabas cluster, as processes on loopback

  up       start it, or what does not run of it; returns when it takes writes, and prints
           BOOTSTRAP=... and CONTROLLERS=... (so: eval "$(deploy/cluster.sh up --dir D)")
  down     end it: SIGTERM, and SIGKILL for what does not go within 20 s; data stays (--wipe: goes)
  status   role, id, pid, port, state, memory and processor time of each process
  kill     SIGKILL: kill broker 2, kill controller 1, kill all
  pause    SIGSTOP     resume  SIGCONT     stop  SIGTERM
  restart  start it again on the same data; a running one is stopped first
  add      start one more: add controller (then: barnabas quorum add N), add broker
  forget   neither start nor ask it any more, once it is stopped: forget controller 3
"""


def pair(text):
    key, sign, value = text.partition("=")
    if not sign or not key:
        raise argparse.ArgumentTypeError(f"'{text}' is not key=value")
    return key, value


def arguments():
    parser = argparse.ArgumentParser(prog="cluster.sh", description=HELP,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--dir", default="~/.barnabas/cluster", help="default: %(default)s")
    up = verbs.add_parser("up", parents=[common])
    up.add_argument("--controllers", type=int, help="how many (3)")
    up.add_argument("--brokers", type=int, help="how many (3)")
    up.add_argument("--kafka-port", type=int, help="of broker 1, the next has the next (9092)")
    up.add_argument("--controller-port", type=int, help="of controller 1 (9640)")
    up.add_argument("--metrics-port", type=int,
                    help="for metrics and health of the first node, the next has the next (free "
                    "ones, which status shows)")
    up.add_argument("--build", choices=["opt", "asan", "tsan"],
                    help="build with this configuration first (opt, where nothing runs yet)")
    up.add_argument("--bin", help="a directory with the binaries: build nothing")
    up.add_argument("--set", type=pair, action="append", default=[], metavar="KEY=VALUE",
                    help="a setting of every broker")
    up.add_argument("--set-controller", type=pair, action="append", default=[], metavar="KEY=VALUE",
                    help="a setting of every controller")
    down = verbs.add_parser("down", parents=[common])
    down.add_argument("--wipe", action="store_true", help="and delete its data")
    status = verbs.add_parser("status", parents=[common])
    status.add_argument("--format", choices=["table", "json"], default="table")
    for verb in ("kill", "pause", "resume", "stop", "restart"):
        command = verbs.add_parser(verb, parents=[common])
        command.add_argument("role", choices=["broker", "controller", "all"])
        command.add_argument("number", type=int, nargs="?")
        if verb == "restart":
            command.add_argument("--no-wait", action="store_true", help="do not wait until it serves")
    add = verbs.add_parser("add", parents=[common])
    add.add_argument("role", choices=["broker", "controller"])
    forget = verbs.add_parser("forget", parents=[common])
    forget.add_argument("role", choices=["broker", "controller"])
    forget.add_argument("number", type=int)
    return parser.parse_args()


def same(cluster, args):
    """Refuses options that contradict the cluster that is there."""
    there = {"controllers": len(cluster.of("controller")), "brokers": len(cluster.of("broker")),
             "kafka_port": cluster.of("broker")[0].port,
             "controller_port": cluster.of("controller")[0].port}
    for name, value in there.items():
        asked = getattr(args, name)
        if asked is not None and asked != value:
            flag = "--" + name.replace("_", "-")
            raise ClusterError("start the cluster", f"{flag} {asked}, but {cluster.directory} holds "
                               f"a cluster with {flag} {value}", "its data was made with that",
                               "another --dir, or deploy/cluster.sh down --wipe first")


def up(cluster, args):
    if cluster.exists():
        cluster.load()
        same(cluster, args)
    else:
        controllers = 3 if args.controllers is None else args.controllers
        brokers = 3 if args.brokers is None else args.brokers
        if controllers < 1 or brokers < 1:
            raise ClusterError("start the cluster", "it needs a controller and a broker at least")
        cluster.define(controllers, brokers, args.controller_port or 9640, args.kafka_port or 9092)
    if args.set:
        cluster.settings = dict(args.set)
    if args.set_controller:
        cluster.controller_settings = dict(args.set_controller)
    if args.metrics_port is not None:
        cluster.metrics_port = args.metrics_port
    running = any(node.alive() for node in cluster.nodes)
    if args.bin:
        cluster.bin = os.path.abspath(args.bin)
    elif args.build or not running:
        build(cluster, args.build or "opt")
    cluster.save()
    cluster.up()
    print(f"BOOTSTRAP={cluster.bootstrap}")
    print(f"CONTROLLERS={cluster.controllers}")


def rows(cluster):
    boot = time.time() - float(open("/proc/uptime", encoding="ascii").read().split()[0])
    for node in cluster.nodes:
        state = node.state()
        row = {"role": node.role, "id": node.number, "port": node.port, "state": state,
               "pid": None, "rss_kib": None, "peak_rss_kib": None, "cpu_seconds": None,
               "uptime_seconds": None, "metrics": cluster.metrics_of(node) or None}
        if state in ("running", "paused"):
            now, peak = processes.memory_kib(node.pid)
            row.update(pid=node.pid, rss_kib=now, peak_rss_kib=peak,
                       cpu_seconds=round(processes.cpu_seconds(node.pid), 2),
                       uptime_seconds=round(time.time() - boot - node.start / processes.TICKS, 1))
        yield row


def status(cluster, args):
    found = list(rows(cluster))
    if args.format == "json":
        print(json.dumps({"directory": cluster.directory, "bootstrap": cluster.bootstrap,
                          "controllers": cluster.controllers, "bin": cluster.bin, "nodes": found}))
        return
    print(f"{'role':<11}{'id':>3}{'pid':>9}{'port':>7}  {'state':<8}{'RSS MiB':>8}{'CPU s':>8}"
          f"{'up s':>9}  metrics and health")
    for row in found:
        there = row["pid"] is not None
        print(f"{row['role']:<11}{row['id']:>3}{row['pid'] or '-':>9}{row['port']:>7}  "
              f"{row['state']:<8}{row['rss_kib'] // 1024 if there else '-':>8}"
              f"{row['cpu_seconds'] if there else '-':>8}{row['uptime_seconds'] if there else '-':>9}"
              f"  {'http://' + row['metrics'] if row['metrics'] else '-'}")


def chosen(cluster, args):
    if args.role == "all":
        return cluster.nodes
    if args.number is None:
        raise ClusterError(f"{args.verb} a {args.role}", "which one is not said", "",
                           f"deploy/cluster.sh {args.verb} {args.role} 1")
    return [cluster.node(args.role, args.number)]


def change(cluster, args):
    nodes = chosen(cluster, args)
    if args.verb in ("kill", "pause", "resume"):
        number = {"kill": signal.SIGKILL, "pause": signal.SIGSTOP, "resume": signal.SIGCONT}[args.verb]
        # All at once first, then the waiting: "kill all" is one power cut.
        missed = [node.name for node in nodes if not cluster.signal(node, number)]
        if args.verb == "kill":
            for node in nodes:
                cluster.kill(node)
        if missed and len(missed) == len(nodes):
            raise ClusterError(f"{args.verb} {' '.join(missed)}", "no such process runs", "",
                               f"deploy/cluster.sh status --dir {cluster.directory}")
    elif args.verb == "stop":
        cluster.stop(nodes)
    else:
        cluster.stop([node for node in nodes if node.alive()])
        for node in nodes:
            cluster.start(node)
        if not args.no_wait:
            for node in nodes:
                cluster.wait_node(node)


def add(cluster, args):
    node = cluster.add(args.role)
    cluster.start(node)
    cluster.wait_node(node)
    print(f"{node.role} {node.number} runs at 127.0.0.1:{node.port}")
    if node.role == "controller":
        print(f"it does not vote yet: barnabas quorum add {node.number}", file=sys.stderr)


def forget(cluster, args):
    node = cluster.node(args.role, args.number)
    if node.alive():
        raise ClusterError(f"forget {args.role} {args.number}", "it runs", "",
                           f"deploy/cluster.sh stop {args.role} {args.number}")
    cluster.forget([node])


def main():
    args = arguments()
    cluster = Cluster(args.dir)
    if args.verb == "up":
        os.makedirs(cluster.directory, exist_ok=True)
    if not os.path.isdir(cluster.directory):
        cluster.load()  # says what is missing
    with open(os.path.join(cluster.directory, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if args.verb == "up":
            up(cluster, args)
            return
        cluster.load()
        if args.verb == "status":
            status(cluster, args)
        elif args.verb == "add":
            add(cluster, args)
        elif args.verb == "forget":
            forget(cluster, args)
        elif args.verb == "down":
            stubborn = cluster.down()
            if stubborn:
                print(f"cluster.sh: SIGKILL for {', '.join(stubborn)}", file=sys.stderr)
            if args.wipe:
                shutil.rmtree(cluster.directory)
        else:
            change(cluster, args)


if __name__ == "__main__":
    try:
        main()
    except ClusterError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
