#include <cinttypes>
#include <cstdio>

#include "benchmarks/kload/modes.h"
#include "benchmarks/kload/reader.h"

namespace barnabas::kload {

int consume(const Options& options, const Servers& servers) {
  Tally tally;
  int partitions = 0;
  {
    Client probe(options, RD_KAFKA_PRODUCER, &tally);
    partitions = probe.leaders(options.text("topic", "kload"));
  }
  if (partitions <= 0) die("topic has no leaders");
  const auto wanted = static_cast<uint64_t>(options.number("count", 0));
  const double cpu_before = servers.cpu_seconds(), own_before = own_cpu_seconds();
  const int64_t start = now_ns();
  Consumed consumed;
  Reader reader(options, true, partitions);
  reader.read(consumed, 0, INT64_MAX, [&](uint64_t records, int ended) {
    return wanted > 0 ? records >= wanted : ended == partitions;
  });
  const double cpu = servers.cpu_seconds() - cpu_before, own = own_cpu_seconds() - own_before;
  const double took = static_cast<double>(consumed.last - start) / 1e9;
  std::printf(R"({"mode":"consume","records":%)" PRIu64
              R"(,"seconds":%.3f,"records_s":%.0f,"mb_s":%.2f,"client_cpu_s":%.2f%s,"load1":%.2f})"
              "\n",
              consumed.records, took, static_cast<double>(consumed.records) / took,
              static_cast<double>(consumed.bytes) / took / 1e6, own,
              servers_json(servers, cpu, static_cast<double>(consumed.bytes),
                           static_cast<double>(consumed.records))
                  .c_str(),
              load_average());
  return 0;
}

}  // namespace barnabas::kload
