// barnabas-broker: the daemon. One BrokerProcess, from a file; no logic.

#include <gflags/gflags.h>
#include <glog/logging.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "broker/config.h"
#include "broker/process.h"
#include "common/logging.h"
#include "common/net/event_loop.h"
#include "common/process.h"
#include "common/properties.h"
#include "common/service_manager.h"

DEFINE_string(config, "", "Properties file of this broker.");

namespace barnabas::broker {
namespace {

int fail(const absl::Status& status) {
  std::fprintf(stderr, "barnabas-broker: %s\n", std::string(status.message()).c_str());
  return 1;
}

// After a failure the disk's thread may hang in the kernel for ever, and must not be waited for.
[[noreturn]] void leave(const absl::Status& status) {
  fail(status);
  google::FlushLogFiles(google::INFO);
  std::fflush(nullptr);
  _exit(1);
}

int serve(BrokerConfig config) {
  EventLoop loop;  // of this thread: signals, and the end
  absl::Status status;
  BrokerProcess::Events events;
  events.serving = [](const std::vector<Endpoint>&) { tell_service_manager("READY=1"); };
  events.ended = [&](const absl::Status& why) {
    loop.post([&, why] {
      status = why;
      loop.stop();
    });
  };
  BrokerProcess process(std::move(config), std::move(events));
  std::vector<Executor*> loops = process.loops();
  loops.insert(loops.begin(), &loop);
  Watchdog watchdog(std::move(loops));
  StopSignals signals(loop, [&] {
    tell_service_manager("STOPPING=1");
    process.stop();
  });
  loop.run();
  if (!status.ok()) leave(status);
  LOG(INFO) << "stopped";
  return 0;
}

int run(const std::string& file) {
  absl::StatusOr<Properties> properties = Properties("the environment");
  if (!file.empty()) properties = Properties::read_file(file);
  if (!properties.ok()) return fail(properties.status());
  const std::vector<std::string> replaced = properties->take_environment(environment());
  if (properties->entries().empty()) {
    return fail(absl::InvalidArgumentError(
        "no configuration was given: start it as barnabas-broker --config=FILE, or set KAFKA_* "
        "variables (KAFKA_NODE_ID for node.id, and so on)"));
  }
  auto config = parse_config(*properties,
                             static_cast<int>(std::max(1U, std::thread::hardware_concurrency())));
  if (!config.ok()) return fail(config.status());

  LoggingOptions logging;
  logging.program = "barnabas-broker";
  logging.directory = config->directory + "/logs";
  if (absl::Status status = start_logging(logging); !status.ok()) return fail(status);
  LOG(INFO) << "barnabas-broker " << config->node << " starts, pid " << getpid();
  for (const std::string& remark : replaced) LOG(INFO) << remark;
  for (const std::string& remark : config->remarks) LOG(WARNING) << remark;
  const int code = serve(*std::move(config));
  stop_logging();
  return code;
}

}  // namespace
}  // namespace barnabas::broker

int main(int argc, char** argv) {
  barnabas::block_stop_signals();
  gflags::SetUsageMessage("stores and serves records: barnabas-broker --config=FILE");
  gflags::ParseCommandLineFlags(&argc, &argv, /*remove_flags=*/true);
  return barnabas::broker::run(FLAGS_config);
}
