#include "metadata/key_tables.h"

#include <cstdint>

namespace barnabas::metadata {

namespace {

constexpr int64_t kIntMax = INT32_MAX;
constexpr int64_t kLongMax = INT64_MAX;
constexpr std::string_view kLongMaxText = "9223372036854775807";
constexpr std::string_view kCodecs = "uncompressed,zstd,lz4,snappy,gzip,producer";
constexpr bool kNoEffect = false;

constexpr ConfigKey kTopicKeys[] = {
    {"acks.durability", KeyType::kString, "durable",
     "What acks=all means: durable = on disk on every in-sync replica, replicated = received by "
     "every in-sync replica, as in Kafka.",
     "acks.durability", INT64_MIN, INT64_MAX, "durable,replicated"},
    {"cleanup.policy", KeyType::kList, "delete",
     "What happens to old records: delete removes them by age and size, compact keeps the last "
     "record of each key, both do both.",
     "log.cleanup.policy", INT64_MIN, INT64_MAX, "delete,compact"},
    {"compression.gzip.level", KeyType::kInt, "-1",
     "The level of compression where compression.type=gzip; -1: the codec's own default.",
     "compression.gzip.level", -1, 9},
    {"compression.lz4.level", KeyType::kInt, "9",
     "The level of compression where compression.type=lz4.", "compression.lz4.level", 1, 17},
    {"compression.type", KeyType::kString, "producer",
     "The codec in which batches are stored; producer keeps them as they were sent.",
     "compression.type", INT64_MIN, INT64_MAX, kCodecs},
    {"compression.zstd.level", KeyType::kInt, "3",
     "The level of compression where compression.type=zstd.", "compression.zstd.level", -131072,
     22},
    {"delete.retention.ms", KeyType::kLong, "86400000",
     "How long a compacted topic keeps the tombstone of a deleted key, in milliseconds.",
     "log.cleaner.delete.retention.ms", 0},
    {"file.delete.delay.ms", KeyType::kLong, "60000",
     "How long the file of a segment that was deleted stays on disk before it is removed, in "
     "milliseconds.",
     "log.segment.delete.delay.ms", 0},
    {"flush.messages", KeyType::kLong, kLongMaxText,
     "Records between forced flushes. No effect: every acknowledged record is on disk, unless "
     "acks.durability=replicated.",
     "log.flush.interval.messages", 1, kLongMax, "", kNoEffect},
    {"flush.ms", KeyType::kLong, kLongMaxText,
     "Time between forced flushes. No effect: every acknowledged record is on disk, unless "
     "acks.durability=replicated.",
     "log.flush.interval.ms", 0, kLongMax, "", kNoEffect},
    {"follower.replication.throttled.replicas", KeyType::kList, "",
     "Replicas whose copying is throttled on the follower. No effect yet.", "", INT64_MIN,
     INT64_MAX, "", kNoEffect},
    {"index.interval.bytes", KeyType::kInt, "4096",
     "How many bytes of records lie between two entries of a segment's offset index.",
     "log.index.interval.bytes", 0},
    {"leader.replication.throttled.replicas", KeyType::kList, "",
     "Replicas whose copying is throttled on the leader. No effect yet.", "", INT64_MIN, INT64_MAX,
     "", kNoEffect},
    {"local.retention.bytes", KeyType::kLong, "-2",
     "Bytes that stay on the broker under tiered storage, which does not exist here.",
     "log.local.retention.bytes", -2, kLongMax, "", kNoEffect},
    {"local.retention.ms", KeyType::kLong, "-2",
     "Time that records stay on the broker under tiered storage, which does not exist here.",
     "log.local.retention.ms", -2, kLongMax, "", kNoEffect},
    {"max.compaction.lag.ms", KeyType::kLong, kLongMaxText,
     "A record of a compacted topic is compacted at the latest after this time, in milliseconds.",
     "log.cleaner.max.compaction.lag.ms", 1},
    {"max.message.bytes", KeyType::kInt, "1048588",
     "The largest record batch that is accepted, compressed as it was sent.", "message.max.bytes",
     0},
    {"message.timestamp.after.max.ms", KeyType::kLong, "3600000",
     "How far a record's timestamp may lie ahead of the broker's clock, in milliseconds.",
     "log.message.timestamp.after.max.ms", 0},
    {"message.timestamp.before.max.ms", KeyType::kLong, kLongMaxText,
     "How far a record's timestamp may lie behind the broker's clock, in milliseconds.",
     "log.message.timestamp.before.max.ms", 0},
    {"message.timestamp.type", KeyType::kString, "CreateTime",
     "Whose clock stamps records: the producer's (CreateTime) or the broker's (LogAppendTime).",
     "log.message.timestamp.type", INT64_MIN, INT64_MAX, "CreateTime,LogAppendTime"},
    {"min.cleanable.dirty.ratio", KeyType::kDouble, "0.5",
     "The share of a log not yet compacted at which compaction begins.",
     "log.cleaner.min.cleanable.ratio", 0, 1},
    {"min.compaction.lag.ms", KeyType::kLong, "0",
     "How long a record of a compacted topic stays uncompacted at least, in milliseconds.",
     "log.cleaner.min.compaction.lag.ms", 0},
    {"min.insync.replicas", KeyType::kInt, "1",
     "How many replicas must be in sync for acks=all to be accepted; a partition with fewer "
     "replicas asks for all of them.",
     "min.insync.replicas", 1},
    {"preallocate", KeyType::kBool, "false",
     "Whether a segment's file is reserved in full when it is created. No effect.",
     "log.preallocate", INT64_MIN, INT64_MAX, "", kNoEffect},
    {"produce.validation", KeyType::kString, "relaxed",
     "How batches are checked: relaxed checks header and checksum, and the records where they are "
     "not compressed; strict decompresses and checks every record.",
     "produce.validation", INT64_MIN, INT64_MAX, "relaxed,strict"},
    {"remote.log.copy.disable", KeyType::kBool, "false",
     "Belongs to tiered storage, which does not exist here.", "", INT64_MIN, INT64_MAX, "",
     kNoEffect},
    {"remote.log.delete.on.disable", KeyType::kBool, "false",
     "Belongs to tiered storage, which does not exist here.", "", INT64_MIN, INT64_MAX, "",
     kNoEffect},
    {"remote.storage.enable", KeyType::kBool, "false",
     "Whether the topic uses tiered storage, which does not exist here.", "", INT64_MIN, INT64_MAX,
     "false", kNoEffect},
    {"retention.bytes", KeyType::kLong, "-1",
     "How many bytes of each partition are kept before old segments are deleted; -1: no limit.",
     "log.retention.bytes", -1},
    {"retention.ms", KeyType::kLong, "604800000",
     "How long records are kept before old segments are deleted, in milliseconds; -1: for ever.",
     "log.retention.ms", -1},
    {"segment.bytes", KeyType::kInt, "1073741824",
     "The size at which a partition begins a new segment. Deletion and compaction work on whole, "
     "closed segments.",
     "log.segment.bytes", 14},
    {"segment.index.bytes", KeyType::kInt, "10485760",
     "The size of a segment's index. No effect: indexes grow as needed.",
     "log.index.size.max.bytes", 4, kIntMax, "", kNoEffect},
    {"segment.jitter.ms", KeyType::kLong, "0",
     "The most that is taken off segment.ms, another part for each segment, so that they are not "
     "all rolled at once; in milliseconds.",
     "log.roll.jitter.ms", 0},
    {"segment.ms", KeyType::kLong, "604800000",
     "The age at which a partition begins a new segment, in milliseconds.", "log.roll.ms", 1},
    {"unclean.leader.election.enable", KeyType::kBool, "false",
     "Whether a replica that may lack acknowledged records becomes leader when no other is left: "
     "availability bought with lost records.",
     "unclean.leader.election.enable"},
};

constexpr ConfigKey kBrokerOnlyKeys[] = {
    {"default.replication.factor", KeyType::kInt, "1",
     "How many replicas a topic gets that is created without saying it.", "", 1, 32767},
    {"num.partitions", KeyType::kInt, "1",
     "How many partitions a topic gets that is created without saying it.", "", 1, kIntMax},
};

}  // namespace

absl::Span<const ConfigKey> topic_key_table() { return kTopicKeys; }
absl::Span<const ConfigKey> broker_only_key_table() { return kBrokerOnlyKeys; }

}  // namespace barnabas::metadata
