#include "common/http/operations_port.h"

#include <absl/strings/str_cat.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>

#include "common/http/server.h"
#include "common/process_metrics.h"
#include "common/status.h"

namespace barnabas::http {
namespace {

constexpr char kPage[] =
    "/metrics\n/metrics/full?topic=NAME&group=NAME\n/healthz/live\n/healthz/ready\n"
    "/healthz/startup\n";

struct Turn {
  std::string name;
  std::optional<Duration> took;  // nullopt: has not run in time
};

// One task on each loop, and what became of it. Lives on the port's loop.
class Asking : public std::enable_shared_from_this<Asking> {
 public:
  using Done = absl::AnyInvocable<void(const std::vector<Turn>&)>;

  Asking(std::shared_ptr<EventLoop> home, std::shared_ptr<Observed> observed, Done done)
      : home_(std::move(home)), observed_(std::move(observed)), done_(std::move(done)) {}

  // `look`: the first of them looks, too.
  void ask(const std::vector<Observed::Loop>& loops, bool look, Duration limit) {
    begun_ = home_->now();
    missing_ = loops.size();
    for (const Observed::Loop& loop : loops) turns_.push_back({loop.name, std::nullopt});
    if (loops.empty()) return finish();
    timer_ = home_->after(limit, [self = shared_from_this()] { self->finish(); });
    for (size_t i = 0; i < loops.size(); ++i) {
      loops[i].loop->post([self = shared_from_this(), i, look] {
        if (look && i == 0) self->observed_->look();
        const Duration took = self->home_->now() - self->begun_;
        self->home_->post([self, i, took] { self->answered(i, took); });
      });
    }
  }

 private:
  void answered(size_t loop, Duration took) {
    turns_[loop].took = took;
    if (--missing_ == 0) finish();
  }
  void finish() {
    home_->cancel(timer_);
    if (!std::exchange(finished_, true)) done_(turns_);
  }

  const std::shared_ptr<EventLoop> home_;
  const std::shared_ptr<Observed> observed_;
  Done done_;
  Instant begun_;
  std::vector<Turn> turns_;
  size_t missing_ = 0;
  TimerId timer_ = 0;
  bool finished_ = false;
};

class ServedPort final : public OperationsPort {
 public:
  ServedPort(std::shared_ptr<Observed> observed, const OperationsOptions& options)
      : observed_(std::move(observed)), options_(options) {}

  absl::Status listen(const Endpoint& at) {
    ASSIGN_OR_RETURN(server_,
                     Server::start(at, {}, [this](const Request& request, Respond respond) {
                       handle(request, std::move(respond));
                     }));
    return absl::OkStatus();
  }

  Endpoint endpoint() const override { return server_->endpoint(); }

 private:
  void handle(const Request& request, Respond respond) {
    const std::string& path = request.path;
    if (path == "/metrics" || path == "/metrics/full") {
      MetricsQuery query;
      query.full = path == "/metrics/full";
      if (const auto topic = request.query.find("topic"); topic != request.query.end()) {
        query.topic = topic->second;
      }
      if (const auto group = request.query.find("group"); group != request.query.end()) {
        query.group = group->second;
      }
      return metrics(std::move(query), std::move(respond));
    }
    if (path == "/healthz/live") return live(std::move(respond));
    if (path == "/healthz/ready") return ready(std::move(respond));
    if (path == "/healthz/startup") return respond(observed_->startup().response());
    if (path == "/") return respond({200, "text/plain; charset=utf-8", kPage});
    respond({404, "text/plain; charset=utf-8",
             absl::StrCat("there is no ", path,
                          " here; there "
                          "is\n",
                          kPage)});
  }

  void ask(const std::vector<Observed::Loop>& loops, bool look, Duration limit, Asking::Done done) {
    std::make_shared<Asking>(server_->loop(), observed_, std::move(done))->ask(loops, look, limit);
  }

  void metrics(MetricsQuery query, Respond respond) {
    ask(observed_->loops(), /*look=*/true, options_.scrape_limit,
        [this, query = std::move(query),
         respond = std::move(respond)](const std::vector<Turn>& turns) mutable {
          Exposition out;
          for (const Turn& turn : turns) {
            const Duration lag = turn.took.value_or(options_.scrape_limit);
            out.gauge("barnabas_loop_lag_seconds",
                      "How long a task waited for its event loop just now",
                      std::chrono::duration<double>(lag).count(), {{"loop", turn.name}});
          }
          observed_->collect(query, out);
          collect_process(out);
          respond({200, "text/plain; version=0.0.4; charset=utf-8", out.text()});
        });
  }

  void live(Respond respond) {
    std::vector<Observed::Loop> loops = observed_->loops();
    // Starting is work of the first loop, and may take long.
    if (!loops.empty() && !observed_->startup().ok()) loops.erase(loops.begin());
    ask(loops, /*look=*/false, options_.live_limit,
        [this, respond = std::move(respond)](const std::vector<Turn>& turns) mutable {
          Health health;
          for (const Turn& turn : turns) {
            if (turn.took.has_value()) continue;
            health.fail(absl::StrCat(
                "the loop ", turn.name, " has not turned for ",
                std::chrono::duration_cast<std::chrono::milliseconds>(options_.live_limit).count(),
                " ms"));
          }
          respond(health.response());
        });
  }

  void ready(Respond respond) {
    if (Health startup = observed_->startup(); !startup.ok()) return respond(startup.response());
    std::vector<Observed::Loop> loops = observed_->loops();
    if (!loops.empty()) loops.resize(1);
    ask(loops, /*look=*/true, options_.scrape_limit,
        [this, respond = std::move(respond)](const std::vector<Turn>& turns) mutable {
          Health health = observed_->ready();
          for (const Turn& turn : turns) {
            if (!turn.took.has_value()) {
              health.fail(absl::StrCat("the loop ", turn.name, " does not answer"));
            }
          }
          respond(health.response());
        });
  }

  const std::shared_ptr<Observed> observed_;
  const OperationsOptions options_;
  std::unique_ptr<Server> server_;
};

}  // namespace

absl::Status write_address(const std::string& directory, const Endpoint& endpoint) {
  const std::string path = directory + "/metrics.address";
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  std::ofstream file(path + ".new", std::ios::trunc);
  file << to_string(endpoint) << "\n";
  file.close();
  if (file.good()) std::filesystem::rename(path + ".new", path, error);
  if (file.good() && !error) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("cannot write ", path, ": ", error ? error.message() : "the write failed",
                   ". Usual cause: the directory of log.dirs belongs to another user"));
}

absl::StatusOr<std::unique_ptr<OperationsPort>> OperationsPort::start(
    const Endpoint& at, std::shared_ptr<Observed> observed, const OperationsOptions& options) {
  auto port = std::make_unique<ServedPort>(std::move(observed), options);
  if (absl::Status status = port->listen(at); !status.ok()) {
    return annotate(status, "metrics.address");
  }
  return port;
}

}  // namespace barnabas::http
