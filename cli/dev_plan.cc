#include "cli/dev_plan.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "cli/output.h"
#include "common/net/port_holder.h"
#include "common/properties.h"

namespace barnabas::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kNodesMax = 9;
constexpr char kAbout[] = "dev.properties";
constexpr int kControllersInBlock = 10;  // brokers have the ports before

Problem problem(ExitCode exit, std::string came_back, std::string cause, std::string next) {
  return {exit, "start a cluster here", std::move(came_back), std::move(cause), std::move(next)};
}

// `offset`: of the first port within a reserved block.
Result<uint16_t> choose_port(const char* flag, std::optional<int> asked, uint16_t usual,
                             const DevOptions& options, DevPlan& plan, int offset) {
  if (!asked.has_value() && options.command.has_value()) {
    if (plan.reserved.first == 0) plan.reserved = reserve_ports();
    if (plan.reserved.first != 0) return static_cast<uint16_t>(plan.reserved.first + offset);
    return problem(ExitCode::kFailed, "no ports in a row are free from 20000 on", "",
                   absl::StrCat(flag, " PORT"));
  }
  const auto first = static_cast<uint16_t>(asked.value_or(usual));
  const uint16_t busy = first_busy_port(first, plan.nodes);
  if (busy == 0) return first;
  const uint16_t next = free_ports_from(static_cast<uint16_t>(busy + 1), plan.nodes);
  if (options.any_port && next != 0) return next;
  const std::string holder = holder_of_port(busy);
  return problem(ExitCode::kFailed,
                 absl::StrCat("port ", busy, " is held by ",
                              holder.empty() ? "a process that this user cannot see" : holder),
                 "another cluster, or another program, uses it",
                 absl::StrCat("barnabas dev ", flag, " ", next, "   (free now), or --any-port"));
}

Result<std::unique_ptr<FileLock>> lock_directory(const std::string& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  const std::string path = directory + "/dev.lock";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) {
    return problem(ExitCode::kFailed, absl::StrCat(path, ": ", std::strerror(errno)),
                   "this user may not write there", "barnabas dev --dir DIRECTORY");
  }
  auto lock = std::make_unique<FileLock>(fd);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    char pid[32] = {};
    if (pread(fd, pid, sizeof pid - 1, 0) <= 0) std::strncpy(pid, "?", sizeof pid);
    return problem(ExitCode::kFailed,
                   absl::StrCat(directory, " is in use by process ", pid, " (barnabas dev)"),
                   "two clusters cannot share their data",
                   "use the one that runs (barnabas status), or barnabas dev --dir DIRECTORY");
  }
  const std::string pid = std::to_string(getpid());
  if (ftruncate(fd, 0) != 0 || pwrite(fd, pid.data(), pid.size(), 0) < 0) {
    return problem(ExitCode::kFailed, absl::StrCat(path, ": ", std::strerror(errno)), "",
                   "barnabas dev --dir DIRECTORY");
  }
  return lock;
}

bool is_ours(const std::string& name) {
  return name.rfind("controller-", 0) == 0 || name.rfind("broker-", 0) == 0 || name == "logs" ||
         name == kAbout;
}

// What an earlier run left there, and nothing else.
std::error_code empty(const std::string& directory) {
  std::error_code error;
  std::vector<fs::path> found;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (is_ours(entry->path().filename().string())) found.push_back(entry->path());
  }
  for (const fs::path& path : found) {
    if (!error) fs::remove_all(path, error);
  }
  return error;
}

// How many nodes the data in `directory` is of; 0: there is none.
Result<int> nodes_of_data(const std::string& directory) {
  const std::string path = absl::StrCat(directory, "/", kAbout);
  if (!fs::exists(path)) {
    if (!fs::exists(directory + "/broker-1")) return 0;
    return problem(
        ExitCode::kPrecondition, absl::StrCat(directory, " holds a broker's data, but no ", kAbout),
        "it was not made by barnabas dev, or the file was deleted", "barnabas dev --dir DIRECTORY");
  }
  int nodes = 0;
  const auto about = Properties::read_file(path);
  const Properties::Entry* entry = about.ok() ? about->find("nodes") : nullptr;
  if (entry == nullptr || !absl::SimpleAtoi(entry->value, &nodes) || nodes < 1 ||
      nodes > kNodesMax) {
    return problem(
        ExitCode::kPrecondition,
        about.ok() ? absl::StrCat(path, " does not say how many nodes there are")
                   : std::string(about.status().message()),
        "the file is damaged",
        absl::StrCat("write nodes=N into it (N: how many broker-* there are), or --fresh"));
  }
  return nodes;
}

// The files that nobody has to write.
absl::Status make_configs(const DevOptions& options, DevPlan& plan) {
  std::vector<std::string> voters;
  for (int i = 0; i < plan.nodes; ++i) {
    voters.push_back(absl::StrCat(i + 1, "@127.0.0.1:", plan.controller_port + i));
  }
  const std::string copies = std::to_string(std::min(plan.nodes, 3));
  for (int i = 0; i < plan.nodes; ++i) {
    const std::string number = std::to_string(i + 1);
    Properties controller;
    controller.set("node.id", number);
    controller.set("controller.quorum.voters", absl::StrJoin(voters, ","));
    controller.set("log.dirs", absl::StrCat(plan.directory, "/controller-", number));
    // A free port each; where it is stands in metrics.address in the node's directory.
    controller.set("metrics.address", "127.0.0.1:0");
    controller.set("default.replication.factor", copies);
    // Kafka's own bargain: nobody on a laptop waits for a disk that nobody would miss.
    controller.set("acks.durability", "replicated");
    auto controller_config = controller::parse_config(controller);
    if (!controller_config.ok()) return controller_config.status();
    plan.controllers.push_back(*std::move(controller_config));

    Properties broker;
    broker.set("node.id", number);
    broker.set("controller.quorum.voters", absl::StrJoin(voters, ","));
    broker.set("log.dirs", absl::StrCat(plan.directory, "/broker-", number));
    broker.set("listeners", absl::StrCat("PLAINTEXT://127.0.0.1:", plan.kafka_port + i));
    broker.set("metrics.address", "127.0.0.1:0");
    broker.set("offsets.topic.replication.factor", copies);
    broker.set("group.initial.rebalance.delay.ms", "0");
    if (!options.command.has_value()) broker.set("metrics.address", "127.0.0.1:0");
    for (const auto& [key, value] : options.settings) broker.set(key, value);
    auto broker_config = broker::parse_config(broker, /*cores=*/1);
    if (!broker_config.ok()) return broker_config.status();
    plan.brokers.push_back(*std::move(broker_config));
  }
  return absl::OkStatus();
}

std::string endpoints(uint16_t first, int count) {
  std::vector<std::string> out;
  for (int i = 0; i < count; ++i) out.push_back(absl::StrCat("127.0.0.1:", first + i));
  return absl::StrJoin(out, ",");
}

std::optional<Problem> choose_directory(const DevOptions& options, DevPlan& plan) {
  plan.temporary = options.command.has_value() && options.directory.empty();
  if (plan.temporary) {
    const char* parent = getenv("TMPDIR");
    std::string name = absl::StrCat(parent == nullptr || *parent == '\0' ? "/tmp" : parent,
                                    "/barnabas-dev-XXXXXX");
    if (mkdtemp(name.data()) == nullptr) {
      return problem(ExitCode::kFailed, absl::StrCat(name, ": ", std::strerror(errno)),
                     "TMPDIR is not writable", "TMPDIR=/tmp barnabas dev --exec ...");
    }
    plan.directory = name;
  } else {
    const std::string name = options.directory.empty() ? "barnabas-data" : options.directory;
    plan.directory = fs::absolute(name).lexically_normal().string();
  }
  auto lock = lock_directory(plan.directory);
  if (!lock.ok()) return lock.problem();
  plan.lock = std::move(lock.value());
  return std::nullopt;
}

std::optional<Problem> look_at_data(const DevOptions& options, DevPlan& plan) {
  if (options.fresh) {
    if (const std::error_code error = empty(plan.directory); error) {
      return problem(ExitCode::kFailed,
                     absl::StrCat("cannot empty ", plan.directory, ": ", error.message()), "",
                     "delete it by hand, or barnabas dev --dir DIRECTORY");
    }
  }
  auto there = nodes_of_data(plan.directory);
  if (!there.ok()) return there.problem();
  plan.had_data = there.value() > 0;
  plan.nodes = options.nodes.value_or(plan.had_data ? there.value() : 1);
  if (plan.nodes < 1 || plan.nodes > kNodesMax) {
    return problem(ExitCode::kUsage, absl::StrCat("--nodes ", plan.nodes),
                   absl::StrCat("1 to ", kNodesMax, " nodes fit into one process sensibly"),
                   "barnabas dev --nodes 3");
  }
  if (plan.had_data && plan.nodes != there.value()) {
    return problem(ExitCode::kPrecondition,
                   absl::StrCat("--nodes ", plan.nodes, ", but the data in ", plan.directory,
                                " is of ", counted(there.value(), "node", "nodes")),
                   "it was made with that number",
                   "without --nodes to use it, --fresh to begin anew, or --dir DIRECTORY");
  }
  return std::nullopt;
}

std::optional<Problem> choose_ports(const DevOptions& options, DevPlan& plan) {
  auto kafka = choose_port("--kafka-port", options.kafka_port, kDevKafkaPort, options, plan,
                           /*offset=*/0);
  if (!kafka.ok()) return kafka.problem();
  plan.kafka_port = kafka.value();
  auto controller = choose_port("--controller-port", options.controller_port, kDevControllerPort,
                                options, plan, kControllersInBlock);
  if (!controller.ok()) return controller.problem();
  plan.controller_port = controller.value();
  return std::nullopt;
}

std::optional<Problem> fill(const DevOptions& options, DevPlan& plan) {
  for (const auto step : {choose_directory, look_at_data, choose_ports}) {
    if (auto problem = step(options, plan)) return problem;
  }
  if (const absl::Status status = make_configs(options, plan); !status.ok()) {
    return problem(ExitCode::kUsage, std::string(status.message()),
                   "a setting given with -X is wrong", "barnabas config explain KEY");
  }
  std::ofstream about(absl::StrCat(plan.directory, "/", kAbout));
  about << "# Made by `barnabas dev`.\nnodes=" << plan.nodes << '\n';
  if (!about.flush()) {
    return problem(ExitCode::kFailed, absl::StrCat("cannot write ", plan.directory, "/", kAbout),
                   "the disk is full", "df ., or barnabas dev --dir DIRECTORY");
  }
  return std::nullopt;
}

}  // namespace

std::string DevPlan::bootstrap() const { return endpoints(kafka_port, nodes); }
std::string DevPlan::controllers_list() const { return endpoints(controller_port, nodes); }

Result<DevPlan> plan_dev(const DevOptions& options) {
  DevPlan plan;
  if (const auto problem = fill(options, plan)) {
    std::error_code error;
    if (plan.temporary && !plan.directory.empty()) fs::remove_all(plan.directory, error);
    return *problem;
  }
  return plan;
}

}  // namespace barnabas::cli
