// One member of a consumer group with kafkajs, as tests/e2e/member.py is one with other clients:
//
//   node member.js BOOTSTRAP GROUP TOPIC SESSION_MS
//
// `record PARTITION OFFSET` is printed before the record is committed. SIGTERM makes it leave.
"use strict";
const { Kafka, logLevel } = require("kafkajs");

const [bootstrap, groupId, topic, session] = process.argv.slice(2);
const sessionTimeout = Number(session);
const say = (...words) => process.stdout.write(words.join(" ") + "\n");

const kafka = new Kafka({
  brokers: bootstrap.split(","),
  clientId: "kafkajs",
  logLevel: logLevel.WARN,
  logCreator: () => ({ log }) => process.stderr.write(JSON.stringify(log) + "\n"),
  retry: { initialRetryTime: 100, maxRetryTime: 1000, retries: 60 },
});
const consumer = kafka.consumer({
  groupId,
  sessionTimeout,
  heartbeatInterval: sessionTimeout / 10,
  rebalanceTimeout: 2 * sessionTimeout,
  metadataMaxAge: 2000,
  maxWaitTimeInMs: 100,
});

let owned = [];
consumer.on(consumer.events.REBALANCING, () => {
  say("revoked", ...owned);
  owned = [];
});
consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
  say("revoked", ...owned);
  owned = payload.memberAssignment[topic] || [];
  say("assigned", ...owned);
});

async function run() {
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    eachBatch: async ({ batch, resolveOffset, commitOffsetsIfNecessary, uncommittedOffsets }) => {
      for (const message of batch.messages) {
        say("record", batch.partition, message.offset);
        resolveOffset(message.offset);
      }
      await commitOffsetsIfNecessary(uncommittedOffsets());
      say("committed");
    },
  });
}

process.on("SIGTERM", async () => {
  await consumer.disconnect();
  say("ended");
  process.exit(0);
});
run().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
