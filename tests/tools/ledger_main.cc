// Sends records and keeps a ledger of what became of each; later reads everything back and judges
// it by the ledger.
//
//   ledger produce --bootstrap B --topic T --ledger FILE [--source DIR] [--count N] [--seconds S]
//   ledger verify  --bootstrap B --ledger FILE

#include <gflags/gflags.h>

#include <cstdio>
#include <string>

#include "tests/tools/ledger.h"

DEFINE_string(bootstrap, "127.0.0.1:9092", "brokers, HOST:PORT,...");
DEFINE_string(topic, "board", "the topic to send to");
DEFINE_string(ledger, "ledger.txt", "the ledger's file");
DEFINE_string(source, "", "a directory whose files' lines are sent; empty: made-up lines");
DEFINE_uint64(count, 0, "how many records; 0: until SIGTERM");
DEFINE_double(seconds, 0, "how long; 0: no limit");
DEFINE_uint64(rate, 0, "records per second; 0: as fast as they are acknowledged");
DEFINE_uint64(announce, 0, "print 'acked N' each N acknowledged records");
DEFINE_uint64(size, 100, "bytes of a made-up line");
DEFINE_double(patience, 120, "seconds to wait for anything");
DEFINE_string(set, "", "properties of librdkafka, k=v,k=v");
DEFINE_bool(at_least_once, false, "duplicates are legal (no idempotence)");
DEFINE_bool(own_only, false, "read from the first offset that the ledger names");

int main(int argc, char** argv) {
  gflags::SetUsageMessage("ledger produce|verify --bootstrap B --topic T --ledger FILE ...");
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  const std::string verb = argc == 2 ? argv[1] : "";
  const auto properties = barnabas::tests::properties_of(FLAGS_set);
  if (verb == "produce") {
    return barnabas::tests::produce({FLAGS_bootstrap, FLAGS_topic, FLAGS_ledger, FLAGS_source,
                                     FLAGS_count, FLAGS_seconds, FLAGS_rate, FLAGS_announce,
                                     FLAGS_size, FLAGS_patience, properties});
  }
  if (verb == "verify") {
    return barnabas::tests::verify({FLAGS_bootstrap, FLAGS_ledger, FLAGS_at_least_once,
                                    FLAGS_own_only, FLAGS_patience, properties});
  }
  std::fputs("usage: ledger produce|verify --bootstrap B --topic T --ledger FILE ...\n", stderr);
  return 2;
}
