// kload: one load tool for any broker that speaks the Kafka protocol, on top of librdkafka's C API.
// It produces (and optionally consumes back) fixed-size records and prints one JSON object.

#include <cstdio>
#include <cstring>

#include "benchmarks/kload/modes.h"

namespace {

constexpr const char* kUsage = R"(kload MODE [--name value]...
modes
  produce   produce for --seconds (or --count records), print rates and ack latency
  e2e       the same with a consumer of the same topic; adds end-to-end latency
  sync      one record in flight at a time; prints round trips per second
  consume   read the topic from the beginning until --count records or the end of every partition
  conns     open --conns TCP connections, send ApiVersions on each, hold for --seconds
  create    create --topics topics of --partitions partitions named TOPIC-i, one request each, --inflight at a time
options (defaults)
  --bootstrap 127.0.0.1:19092  --topic kload  --size 1024  --rate 0 (records/s, 0 = max)  --seconds 10  --count 0
  --acks all  --linger-ms 5  --batch-bytes 1000000  --batch-records 10000  --compression none  --idempotence 0
  --partitions 6  --rf 3  --config k=v[,k=v]  --create 0 (1: create the topic first and wait for its leaders)
  --pids p,p,...  sum utime+stime of these servers around the run, and their peak RSS
  --queue 100000  records held locally before the producer waits   --timeout-ms 30000 (delivery timeout)
  --warmup 0  seconds of the run whose latencies are not counted   --payload random|zero|text (random)
  --set k=v  any further librdkafka property (may be repeated)
produced rate counts records acknowledged; latency is from rd_kafka_produce() to the delivery report (us).
max_ack_gap_ms is the longest time between two successful acks; errors counts failed records.
)";

}  // namespace

int main(int argc, char** argv) {
  using namespace barnabas::kload;  // NOLINT(google-build-using-namespace)
  if (argc < 2) return std::fputs(kUsage, stderr), 2;
  const std::string mode = argv[1];
  Options options;
  for (int i = 2; i < argc; i += 2) {
    if (std::strncmp(argv[i], "--", 2) != 0 || i + 1 == argc) return std::fputs(kUsage, stderr), 2;
    if (std::strcmp(argv[i], "--set") == 0)
      options.sets.emplace_back(argv[i + 1]);
    else
      options.values[argv[i] + 2] = argv[i + 1];
  }
  const Servers servers{split(options.text("pids", ""), ',')};
  if (mode == "produce") return produce(options, servers, false, false);
  if (mode == "e2e") return produce(options, servers, true, false);
  if (mode == "sync")
    return options.values.emplace("linger-ms", "0"), produce(options, servers, false, true);
  if (mode == "consume") return consume(options, servers);
  if (mode == "conns") return conns(options, servers);
  if (mode == "create") return create(options);
  return std::fputs(kUsage, stderr), 2;
}
