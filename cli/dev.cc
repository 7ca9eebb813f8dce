#include "cli/dev.h"

#include <absl/strings/str_cat.h>
#include <glog/logging.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "cli/dev_command.h"
#include "cli/dev_nodes.h"
#include "cli/dev_plan.h"
#include "cli/dev_signals.h"
#include "cli/json_text.h"
#include "common/clock.h"
#include "common/logging.h"
#include "common/process.h"

namespace barnabas::cli {
namespace {

std::string operations_url(const Endpoint& at) {
  return absl::StrCat("http://localhost:", at.port, "/metrics");
}

// One run, from ready to stopped.
class DevRun {
 public:
  DevRun(const Output& output, const DevOptions& options, DevPlan plan)
      : output_(output), options_(options), plan_(std::move(plan)) {}

  int run() {
    begun_ = loop_.now();
    DevSignals signals(loop_, [this](int signal, bool by_terminal) { heard(signal, by_terminal); });
    nodes_ = std::make_unique<DevNodes>(
        plan_, loop_,
        DevNodes::Events{
            [this] { ready(); },
            [this](const std::string& node, const absl::Status& status) { failed(node, status); }});
    loop_.run();
    command_.reset();
    nodes_.reset();
    clean_up();
    return code_;
  }

 private:
  void ready() {
    if (stopping_) return;
    const auto took =
        std::chrono::duration_cast<std::chrono::milliseconds>(loop_.now() - begun_).count();
    announce(took);
    if (!options_.command.has_value()) return;
    command_ = std::make_unique<DevCommand>(loop_, *options_.command,
                                            std::vector<std::pair<std::string, std::string>>{
                                                {"BARNABAS_BROKERS", plan_.bootstrap()},
                                                {"BARNABAS_CONTROLLERS", plan_.controllers_list()}},
                                            [this](int code) {
                                              code_ = code;
                                              stop();
                                            });
    if (command_->status().ok()) return;
    code_ = output_.fail({ExitCode::kFailed, absl::StrCat("run ", *options_.command),
                          std::string(command_->status().message()), "", ""});
    stop();
  }

  void announce(int64_t took_ms) const {
    const std::string seconds =
        absl::StrCat(took_ms / 1000, ".", took_ms % 1000 / 100, took_ms % 100 / 10);
    // The command's output is all that may go to stdout then.
    std::ostream& out = options_.command.has_value() ? output_.err : output_.out;
    const std::optional<Endpoint> operations = nodes_->operations();
    if (output_.data()) {
      JsonObject about;
      about.add("ready_ms", took_ms)
          .add("nodes", plan_.nodes)
          .add("cluster_id", nodes_->cluster_id());
      about.add("brokers", plan_.bootstrap()).add("controllers", plan_.controllers_list());
      about.add("data", plan_.directory);
      if (operations.has_value()) about.add("metrics", operations_url(*operations));
      out << about.text() << std::endl;
      return;
    }
    if (options_.command.has_value()) {
      if (!output_.quiet) {
        out << "barnabas dev: ready in " << seconds << " s, "
            << counted(plan_.nodes, "node", "nodes") << ", BARNABAS_BROKERS=" << plan_.bootstrap()
            << std::endl;
      }
      return;
    }
    const bool usual = plan_.controller_port == kDevControllerPort && plan_.nodes <= 3;
    out << " ready in " << seconds << " s   cluster " << nodes_->cluster_id() << "   data "
        << shown_directory() << (plan_.had_data ? " (found, kept" : " (kept")
        << "; --fresh empties it)\n"
        << " kafka    " << named(plan_.kafka_port) << "      admin  "
        << named(plan_.controller_port) << '\n';
    if (operations.has_value()) out << " metrics  " << operations_url(*operations) << '\n';
    if (!usual) out << " first:   export BARNABAS_CONTROLLERS=" << plan_.controllers_list() << '\n';
    out << " try:     echo hi | barnabas produce demo      barnabas consume demo -o start -n 1     "
           " "
           "barnabas status\n"
        << " not for production: " << (plan_.nodes == 1 ? "1 node" : "all nodes in one process")
        << ", acknowledged before it is on disk\n"
        << "^C stops " << (plan_.nodes == 1 ? "it" : "all nodes") << " cleanly" << std::endl;
  }

  std::string named(uint16_t first) const {
    std::string out;
    for (int i = 0; i < plan_.nodes; ++i) {
      absl::StrAppend(&out, i == 0 ? "" : ",", "localhost:", first + i);
    }
    return out;
  }

  std::string shown_directory() const {
    std::error_code error;
    const std::string relative =
        std::filesystem::relative(plan_.directory, std::filesystem::current_path(error), error)
            .string();
    if (error || relative.empty() || relative.rfind("..", 0) == 0) return plan_.directory;
    return absl::StrCat("./", relative);
  }

  void heard(int signal, bool by_terminal) {
    ++signals_;
    if (command_ != nullptr && !stopping_) {
      // The command's end is the end; whoever asks twice does not get to wait for it.
      if (signals_ > 1) command_->kill_now();
      if (signals_ == 1 && !by_terminal) command_->send(signal);
      return;
    }
    if (signals_ > 1) leave_at_once(128 + signal);
    if (options_.command.has_value()) code_ = 128 + signal;
    stop();
  }

  void stop() {
    if (std::exchange(stopping_, true)) return;
    nodes_->stop([this] { loop_.stop(); });
  }

  // A thread of a node that failed may hang in the kernel, so nothing is waited for.
  void failed(const std::string& node, const absl::Status& status) {
    output_.fail({ExitCode::kFailed, absl::StrCat("run ", node), std::string(status.message()), "",
                  absl::StrCat("the log under ", plan_.directory, "/logs says more")});
    leave_at_once(static_cast<int>(ExitCode::kFailed));
  }

  [[noreturn]] void leave_at_once(int code) {
    if (command_ != nullptr) command_->kill_now();
    stop_logging();
    clean_up();
    output_.out.flush();
    output_.err.flush();
    _exit(code);
  }

  void clean_up() const {
    std::error_code error;
    if (plan_.temporary) std::filesystem::remove_all(plan_.directory, error);
  }

  const Output& output_;
  const DevOptions& options_;
  DevPlan plan_;
  EventLoop loop_;
  Instant begun_{};
  std::unique_ptr<DevNodes> nodes_;
  std::unique_ptr<DevCommand> command_;
  int signals_ = 0;
  bool stopping_ = false;
  int code_ = 0;
};

}  // namespace

int dev(const Output& output, const DevOptions& options) {
  block_stop_signals();
  auto plan = plan_dev(options);
  if (!plan.ok()) return output.fail(plan.problem());
  LoggingOptions logging;
  logging.program = "barnabas-dev";
  logging.directory = plan.value().directory + "/logs";
  if (const absl::Status status = start_logging(logging); !status.ok()) {
    return output.fail({ExitCode::kFailed, "start the log", std::string(status.message()), "",
                        "barnabas dev --dir DIRECTORY"});
  }
  FLAGS_stderrthreshold = google::GLOG_FATAL;  // the terminal is for people here
  DevRun run(output, options, std::move(plan.value()));
  const int code = run.run();
  stop_logging();
  return code;
}

}  // namespace barnabas::cli
