"""One member of a consumer group as a process of its own, so that it can be killed and paused.

    member.py CLIENT BOOTSTRAP GROUP TOPIC [--assignor range|cooperative] [--instance ID]
              [--session-ms N]

It prints what happens to it, a line each: `record PARTITION OFFSET` once it has processed a record,
`assigned P...`, `revoked P...`, `committed`. Records are printed before they are committed, so what
a killed member has not committed is processed again by another, and nothing is skipped. SIGTERM
makes it commit, leave and end.
"""

import argparse
import asyncio
import signal
import sys
import time

stopping = False


def say(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def numbers(partitions):
    return sorted(p.partition for p in partitions)


def run_confluent(args):
    import confluent_kafka as ck
    config = {
        "bootstrap.servers": args.bootstrap, "group.id": args.group, "client.id": "confluent",
        "auto.offset.reset": "earliest", "enable.auto.commit": False,
        "session.timeout.ms": args.session_ms, "heartbeat.interval.ms": args.session_ms // 10,
        "partition.assignment.strategy":
            "cooperative-sticky" if args.assignor == "cooperative" else "range",
        "fetch.wait.max.ms": 100, "topic.metadata.refresh.interval.ms": 2000,
        "reconnect.backoff.max.ms": 500,
    }
    if args.instance:
        config["group.instance.id"] = args.instance
    consumer = ck.Consumer(config)

    # Both kinds of answers are left to the library: it knows which protocol is in use.
    def told(word):
        return lambda _, partitions: say(word, *numbers(partitions))

    consumer.subscribe([args.topic], on_assign=told("assigned"), on_revoke=told("revoked"),
                       on_lost=told("lost"))
    while not stopping:
        records = [r for r in consumer.consume(100, 0.1) if r.error() is None]
        for record in records:
            say("record", record.partition(), record.offset())
        if records:
            try:
                consumer.commit(asynchronous=False)
                say("committed")
            except ck.KafkaException as error:
                say("refused", error.args[0].name())
    consumer.close()


def run_kafka_python(args):
    import kafka
    from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
    from kafka.coordinator.assignors.range import RangePartitionAssignor
    from kafka.errors import KafkaError

    class Listener(kafka.ConsumerRebalanceListener):
        def on_partitions_assigned(self, assigned):
            say("assigned", *numbers(assigned))

        def on_partitions_revoked(self, revoked):
            say("revoked", *numbers(revoked))

    cooperative = args.assignor == "cooperative"
    assignor = CooperativeStickyAssignor if cooperative else RangePartitionAssignor
    consumer = kafka.KafkaConsumer(
        bootstrap_servers=args.bootstrap.split(","), group_id=args.group,
        client_id="kafka-python", group_instance_id=args.instance, auto_offset_reset="earliest",
        enable_auto_commit=False, session_timeout_ms=args.session_ms,
        heartbeat_interval_ms=args.session_ms // 10, max_poll_interval_ms=30000,
        partition_assignment_strategy=[assignor], fetch_max_wait_ms=100, metadata_max_age_ms=2000)
    consumer.subscribe([args.topic], listener=Listener())
    while not stopping:
        # While no broker at all can be reached this client raises what it came upon; so whoever uses
        # it asks again.
        try:
            found = consumer.poll(100, max_records=100)
            for records in found.values():
                for record in records:
                    say("record", record.partition, record.offset)
            if found:
                consumer.commit()
                say("committed")
        except (KafkaError, OSError) as error:
            say("refused", type(error).__name__)
            time.sleep(0.05)
    consumer.close()


def run_aiokafka(args):
    import aiokafka
    from aiokafka.coordinator.assignors.range import RangePartitionAssignor
    from aiokafka.errors import KafkaError

    class Listener(aiokafka.ConsumerRebalanceListener):
        async def on_partitions_assigned(self, assigned):
            say("assigned", *numbers(assigned))

        async def on_partitions_revoked(self, revoked):
            say("revoked", *numbers(revoked))

    async def run():
        consumer = aiokafka.AIOKafkaConsumer(
            bootstrap_servers=args.bootstrap, group_id=args.group, client_id="aiokafka",
            group_instance_id=args.instance, auto_offset_reset="earliest",
            enable_auto_commit=False, session_timeout_ms=args.session_ms,
            heartbeat_interval_ms=args.session_ms // 10, fetch_max_wait_ms=100,
            rebalance_timeout_ms=args.session_ms, metadata_max_age_ms=2000, retry_backoff_ms=100,
            partition_assignment_strategy=[RangePartitionAssignor])
        consumer.subscribe([args.topic], listener=Listener())
        await consumer.start()
        while not stopping:
            found = await consumer.getmany(timeout_ms=100, max_records=100)
            for records in found.values():
                for record in records:
                    say("record", record.partition, record.offset)
            if found:
                try:
                    await consumer.commit()
                    say("committed")
                except KafkaError as error:
                    say("refused", type(error).__name__)
        await consumer.stop()

    asyncio.run(run())


def main():
    parser = argparse.ArgumentParser()
    for word in ("client", "bootstrap", "group", "topic"):
        parser.add_argument(word)
    parser.add_argument("--assignor", default="range")
    parser.add_argument("--instance")
    parser.add_argument("--session-ms", type=int, default=6000)
    args = parser.parse_args()

    def stop(*_):
        global stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    globals()["run_" + args.client](args)
    say("ended")


if __name__ == "__main__":
    main()
