// The verbs that need no controller to be there.

#include "cli/grammar.h"

namespace barnabas::cli {

void Grammar::dev() {
  CLI::App* dev = verb(app_, "dev", "a whole cluster in this process, until ^C", Verb::kDev);
  dev->add_option("--nodes", line_.dev.nodes, "how many brokers, and as many controllers (1)");
  dev->add_option("--exec", line_.dev.command,
                  "run this command with BARNABAS_BROKERS set, on a cluster of its own, and end "
                  "with its exit code");
  dev->add_option("--dir", line_.dev.directory, "where the data is (./barnabas-data)");
  dev->add_flag("--fresh", line_.dev.fresh, "without the data of earlier runs");
  dev->add_option("--kafka-port", line_.dev.kafka_port, "of the first broker (9092)")
      ->check(CLI::Range(1, 65'500));
  dev->add_option("--controller-port", line_.dev.controller_port, "of the first controller (9640)")
      ->check(CLI::Range(1, 65'500));
  dev->add_flag("--any-port", line_.dev.any_port, "where a port is taken, the next free ones");
}

void Grammar::doctor() {
  CLI::App* doctor = verb(app_, "doctor", "why clients cannot reach a cluster", Verb::kDoctor);
  doctor->add_option("address", line_.doctor.bootstrap,
                     "HOST:PORT of a broker (--bootstrap; else localhost:9092)");
}

void Grammar::config_check(CLI::App* config) {
  CLI::App* check =
      verb(*config, "check", "everything that is wrong with a daemon's file", Verb::kConfigCheck);
  check->add_option("file", line_.config_check.file, "server.properties")->required();
  check->add_option("--role", line_.config_check.role, "whose it is (process.roles, else broker)")
      ->check(CLI::IsMember({"broker", "controller"}));
}

std::optional<Problem> Grammar::finish_dev() {
  if (line_.verb == Verb::kDev) return pairs("-X", raw_.properties, line_.dev.settings);
  if (line_.doctor.bootstrap.empty()) {
    line_.doctor.bootstrap = raw_.bootstrap.empty() ? "localhost:9092" : raw_.bootstrap;
  }
  if (!raw_.timeout.empty()) line_.doctor.timeout = line_.common.timeout;
  return std::nullopt;
}

}  // namespace barnabas::cli
