// barnabas-controller: the daemon. One ControllerProcess, from a file; no logic.

#include <gflags/gflags.h>
#include <glog/logging.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "common/logging.h"
#include "common/net/event_loop.h"
#include "common/process.h"
#include "common/properties.h"
#include "common/service_manager.h"
#include "controller/config.h"
#include "controller/process.h"

DEFINE_string(config, "", "Properties file of this controller.");

namespace barnabas::controller {
namespace {

int fail(const absl::Status& status) {
  std::fprintf(stderr, "barnabas-controller: %s\n", std::string(status.message()).c_str());
  return 1;
}

// After a failure a disk's thread may hang in the kernel for ever, and must not be waited for.
[[noreturn]] void leave(const absl::Status& status) {
  LOG(ERROR) << status;
  fail(status);
  google::FlushLogFiles(google::INFO);
  std::fflush(nullptr);
  _exit(1);
}

absl::Status serve(ControllerConfig config) {
  EventLoop loop;  // of this thread: signals, and the end
  absl::Status status;
  ControllerProcess::Events events;
  events.ended = [&](const absl::Status& why) {
    loop.post([&, why] {
      status = why;
      loop.stop();
    });
  };
  events.listening = [](const Endpoint&) { tell_service_manager("READY=1"); };
  events.fatal = [](const absl::Status& why) { leave(why); };
  ControllerProcess process(std::move(config), std::move(events));
  Watchdog watchdog({&loop, &process.loop()});
  StopSignals signals(loop, [&] {
    tell_service_manager("STOPPING=1");
    process.stop();
  });
  loop.run();
  return status;
}

int run(const std::string& file) {
  absl::StatusOr<Properties> properties = Properties("the environment");
  if (!file.empty()) properties = Properties::read_file(file);
  if (!properties.ok()) return fail(properties.status());
  const std::vector<std::string> replaced = properties->take_environment(environment());
  if (properties->entries().empty()) {
    return fail(absl::InvalidArgumentError(
        "no configuration was given: start it as barnabas-controller --config=FILE, or set KAFKA_* "
        "variables (KAFKA_NODE_ID for node.id, and so on)"));
  }
  auto config = parse_config(*properties);
  if (!config.ok()) return fail(config.status());

  LoggingOptions logging;
  logging.program = "barnabas-controller";
  logging.directory = config->directory + "/logs";
  if (absl::Status status = start_logging(logging); !status.ok()) return fail(status);
  LOG(INFO) << "barnabas-controller " << config->node << " starts, pid " << getpid();
  for (const std::string& remark : replaced) LOG(INFO) << remark;
  for (const std::string& remark : config->remarks) LOG(WARNING) << remark;
  const absl::Status status = serve(*std::move(config));
  if (!status.ok()) {
    LOG(ERROR) << status;
    fail(status);
  } else {
    LOG(INFO) << "stopped";
  }
  stop_logging();
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace barnabas::controller

int main(int argc, char** argv) {
  barnabas::block_stop_signals();
  gflags::SetUsageMessage("rules a cluster: barnabas-controller --config=FILE");
  gflags::ParseCommandLineFlags(&argc, &argv, /*remove_flags=*/true);
  return barnabas::controller::run(FLAGS_config);
}
