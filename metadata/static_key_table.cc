#include <cstdint>

#include "metadata/key_tables.h"

namespace barnabas::metadata {

namespace {

constexpr int64_t kIntMax = INT32_MAX;
constexpr std::string_view kNone = "";
constexpr std::string_view kAny = "";
constexpr std::string_view kMaxText = "2147483647";

constexpr ConfigKey key(std::string_view name, KeyType type, std::string_view default_value,
                        std::string_view documentation, int64_t min = INT64_MIN,
                        int64_t max = INT64_MAX, std::string_view allowed = kAny) {
  return {name, type, default_value, documentation,   kNone,
          min,  max,  allowed,       /*effect=*/true, KeyChange::kFile};
}

constexpr ConfigKey kStaticKeys[] = {
    key("advertised.listeners", KeyType::kList, "auto",
        "The addresses that clients are told to connect to, one for each listener; auto gives each "
        "client the address by which it has reached the broker."),
    key("advertised.map", KeyType::kList, kNone,
        "What clients of some networks are told instead, as in 172.16.0.0/12 -> auto, * -> "
        "k{node}.example.com:{9092+node}; the first network that fits counts."),
    key("allow.insecure.listener", KeyType::kBool, "false",
        "Whether a listener without encryption or password may be opened to other machines."),
    key("auto.create.topics.enable", KeyType::kBool, "true",
        "Whether a topic that a client asks for, and that does not exist, is created."),
    key("broker.id", KeyType::kInt, "-1", "An older name of node.id.", -1, kIntMax),
    key("broker.rack", KeyType::kString, kNone,
        "Where this broker stands; replicas of a partition are spread over the racks."),
    key("connections.max.idle.ms", KeyType::kLong, "600000",
        "After how long without a request a connection is closed, in milliseconds; -1: never.", -1),
    key("controlled.shutdown.enable", KeyType::kBool, "true",
        "Whether a broker that is stopped hands its leaderships over first."),
    key("controller.quorum.bootstrap.servers", KeyType::kList, kNone,
        "The controllers' addresses, as host:port."),
    key("controller.quorum.voters", KeyType::kList, kNone,
        "The controllers' ids and addresses, as id@host:port."),
    key("delete.topic.enable", KeyType::kBool, "true", "Whether topics can be deleted."),
    key("fetch.max.bytes", KeyType::kInt, "57671680",
        "The most bytes that one answer to a fetch holds.", 1024, kIntMax),
    key("flush.lag.max.ms", KeyType::kLong, "10000",
        "How long a flush to disk may take before the disk counts as failed, in milliseconds.",
        100),
    key("group.initial.rebalance.delay.ms", KeyType::kInt, "3000",
        "How long an empty consumer group waits for more members before its first rebalance, in "
        "milliseconds.",
        0, kIntMax),
    key("group.max.session.timeout.ms", KeyType::kInt, "1800000",
        "The longest session timeout that a member of a group may ask for, in milliseconds.", 0,
        kIntMax),
    key("group.max.size", KeyType::kInt, kMaxText, "The most members that a consumer group has.", 1,
        kIntMax),
    key("group.min.session.timeout.ms", KeyType::kInt, "6000",
        "The shortest session timeout that a member of a group may ask for, in milliseconds.", 0,
        kIntMax),
    key("inter.broker.listener.name", KeyType::kString, kNone,
        "The listener through which brokers copy from each other; the first one where nothing is "
        "said."),
    key("listener.security.protocol.map", KeyType::kList,
        "PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL",
        "Which protocol a listener of each name speaks."),
    key("listeners", KeyType::kList, "PLAINTEXT://127.0.0.1:9092",
        "The addresses that the broker listens on, as NAME://host:port."),
    key("log.dir", KeyType::kString, kNone, "An older name of log.dirs."),
    key("log.dirs", KeyType::kList, kNone, "The directory in which the broker keeps its records."),
    key("log.dirs.free.min.bytes", KeyType::kLong, "-1",
        "Below how many free bytes records are refused, before the file system is full; -1: "
        "256 MiB, or a twentieth of a small disk.",
        -1),
    key("log.dirs.stray.retention.ms", KeyType::kLong, "86400000",
        "How long the files of a partition that the cluster does not know are kept aside before "
        "they are removed, in milliseconds.",
        0),
    key("log.retention.check.interval.ms", KeyType::kLong, "300000",
        "How often partitions are looked through for records that are no longer kept, in "
        "milliseconds.",
        1),
    key("max.connections", KeyType::kInt, "10000", "The most connections that the broker holds.", 1,
        kIntMax),
    key("max.connections.per.ip", KeyType::kInt, "10000",
        "The most connections that the broker holds from one address.", 1, kIntMax),
    key("max.incremental.fetch.session.cache.slots", KeyType::kInt, "1000",
        "How many incremental fetch sessions are kept.", 0, kIntMax),
    key("metrics.address", KeyType::kString, kNone,
        "HOST:PORT at which metrics and health are served over HTTP; port 0: a free one. Nowhere "
        "if it is not set."),
    key("node.id", KeyType::kInt, "-1", "The number of this broker, one of its own in the cluster.",
        -1, kIntMax),
    key("num.network.threads", KeyType::kInt, "1",
        "How many threads serve connections; where nothing is said, half as many as cores, at most "
        "8.",
        1, 64),
    key("offset.metadata.max.bytes", KeyType::kInt, "4096",
        "The most bytes of metadata that a consumer stores with a committed offset.", 0, kIntMax),
    key("offsets.commit.timeout.ms", KeyType::kInt, "5000",
        "How long a commit of offsets waits for the replicas, in milliseconds.", 1, kIntMax),
    key("offsets.retention.check.interval.ms", KeyType::kLong, "600000",
        "How often committed offsets are looked through for expired ones, in milliseconds.", 1),
    key("offsets.retention.minutes", KeyType::kInt, "10080",
        "How long the committed offsets of a group without members are kept, in minutes.", 1,
        kIntMax),
    key("offsets.topic.num.partitions", KeyType::kInt, "50",
        "How many partitions __consumer_offsets gets when it is created.", 1, kIntMax),
    key("offsets.topic.replication.factor", KeyType::kInt, "3",
        "How many replicas __consumer_offsets gets when it is created.", 1, 32767),
    key("offsets.topic.segment.bytes", KeyType::kInt, "104857600",
        "The segment.bytes that __consumer_offsets gets when it is created.", 1, kIntMax),
    key("process.roles", KeyType::kList, kNone, "Of a broker's file: broker, or nothing.",
        INT64_MIN, INT64_MAX, "broker,controller"),
    key("producer.id.expiration.ms", KeyType::kInt, "86400000",
        "After how long without a batch a producer's state is forgotten, in milliseconds.", 1000,
        kIntMax),
    key("replica.fetch.max.bytes", KeyType::kInt, "1048576",
        "The most bytes of one partition that a follower asks for at once.", 1024, kIntMax),
    key("replica.fetch.response.max.bytes", KeyType::kInt, "10485760",
        "The most bytes that a follower asks for at once.", 1024, kIntMax),
    key("replica.fetch.wait.max.ms", KeyType::kInt, "500",
        "How long a follower's fetch waits for records, in milliseconds.", 1, 60'000),
    key("replica.lag.time.max.ms", KeyType::kLong, "30000",
        "After how long behind its leader a follower is no longer in sync, in milliseconds.", 100),
    key("replica.selector.class", KeyType::kString, kNone,
        "Which replica consumers are sent to: RackAwareReplicaSelector names one in their own "
        "rack (client.rack); where nothing is said, all read from the leader."),
    key("security.inter.broker.protocol", KeyType::kString, "PLAINTEXT",
        "The protocol that brokers speak with each other.", INT64_MIN, INT64_MAX, "PLAINTEXT"),
    key("socket.request.max.bytes", KeyType::kInt, "104857600",
        "The most bytes of one request; a longer one closes its connection.", 1024, kIntMax),
    key("unflushed.bytes.max", KeyType::kLong, "268435456",
        "How many bytes may be appended and not yet on disk before records are refused.", 1 << 20,
        int64_t{1} << 40),
};

}  // namespace

absl::Span<const ConfigKey> static_key_table() { return kStaticKeys; }

}  // namespace barnabas::metadata
