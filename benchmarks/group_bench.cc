// What consumer groups cost their coordinator, without network and disk: the core alone, in virtual
// time, every append committed at once.
//
//   group_bench            prints one figure per line
//
// CPU time is this process's own; memory is what its heap holds more than before.

#include <malloc.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/group/shard.h"
#include "common/random.h"

namespace barnabas::group {
namespace {

double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

size_t heap_bytes() {
  const auto info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

// A shard whose log commits at once.
class Bench {
 public:
  Bench() : random_(seeded_random(1)), shard_(options(), *random_) {
    Effects effects;
    shard_.loaded(now_, effects);
  }

  Now now() const { return now_; }
  Shard& shard() { return shard_; }
  void pass(Duration time) {
    now_.steady += time;
    now_.wall += std::chrono::duration_cast<std::chrono::milliseconds>(time);
    Effects effects;
    if (const auto next = shard_.next_deadline(); next.has_value() && *next <= now_.steady) {
      shard_.tick(now_, effects);
    }
    settle(std::move(effects));
  }
  // Gives all answers that the effects lead to.
  void settle(Effects effects) {
    for (Answer& answer : effects.answers) answers_.push_back(std::move(answer));
    for (const Append& append : effects.appends) {
      Effects more;
      shard_.committed(append.id, now_, more);
      settle(std::move(more));
    }
  }
  std::vector<Answer> take() { return std::exchange(answers_, {}); }

  // The member's id is given out beforehand, as to any client of today.
  void join(const std::string& group, Token token) {
    JoinCommand command;
    command.group = group;
    command.client_id = "consumer-" + group + "-1";
    command.client_host = "/10.20.30.40";
    command.session_timeout_ms = 45'000;
    command.rebalance_timeout_ms = 300'000;
    command.protocol_type = "consumer";
    std::string metadata(60, 'm');  // a topic or two
    command.protocols = {{"range", metadata}, {"cooperative-sticky", metadata}};
    command.require_member_id = true;
    Effects effects;
    shard_.join(token, command, now_, effects);
    command.member_id = std::get<JoinAnswer>(effects.answers.front().result).member_id;
    effects.answers.clear();
    shard_.join(token, std::move(command), now_, effects);
    settle(std::move(effects));
  }
  // All joins that have been answered are followed by their SyncGroup.
  std::vector<HeartbeatCommand> sync(const std::vector<std::string>& group_of) {
    std::vector<HeartbeatCommand> members;
    for (Answer& answer : take()) {
      auto& join = std::get<JoinAnswer>(answer.result);
      SyncCommand command;
      command.group = group_of[answer.token];
      command.generation = join.generation;
      command.member_id = join.member_id;
      for (JoinedMember& member : join.members) {
        command.assignments.push_back({std::move(member.member_id), std::string(40, 'a')});
      }
      members.push_back({command.group, command.generation, command.member_id, std::nullopt});
      Effects effects;
      shard_.sync(answer.token, std::move(command), now_, effects);
      settle(std::move(effects));
    }
    return members;
  }

 private:
  static Options options() {
    Options options;
    options.max_append_bytes = 64U << 20U;
    return options;
  }

  std::unique_ptr<Random> random_;
  Now now_{Instant(std::chrono::hours(1)), WallTime(std::chrono::hours(500'000))};
  Shard shard_;
  std::vector<Answer> answers_;
};

void beat(const char* what, Bench& bench, const std::vector<HeartbeatCommand>& members) {
  constexpr uint64_t kBeats = 2'000'000;
  const double before = cpu_seconds();
  uint64_t refused = 0;
  for (uint64_t done = 0; done < kBeats;) {
    // Three seconds, in which everybody beats once.
    for (const HeartbeatCommand& member : members) {
      Effects effects;
      bench.shard().heartbeat(1, member, bench.now(), effects);
      const auto& answer = std::get<HeartbeatAnswer>(effects.answers.front().result);
      if (answer.error != kafka::ErrorCode::kNone) ++refused;
    }
    done += members.size();
    bench.pass(std::chrono::seconds(3));
  }
  std::printf("%s: %.0f heartbeats per CPU-second%s\n", what,
              static_cast<double>(kBeats) / (cpu_seconds() - before),
              refused == 0 ? "" : " (SOME WERE REFUSED)");
}

void many_groups() {
  constexpr size_t kGroups = 10'000;
  Bench bench;
  std::vector<std::string> names;
  for (size_t i = 0; i < kGroups; ++i) names.push_back("application-" + std::to_string(i));
  const size_t before = heap_bytes();
  for (size_t i = 0; i < kGroups; ++i) bench.join(names[i], i);
  bench.pass(std::chrono::seconds(3));
  const std::vector<HeartbeatCommand> members = bench.sync(names);
  bench.take();
  // The list of members is the bench's own: as much as a second one like it takes.
  const size_t with_list = heap_bytes();
  const auto copy = std::make_unique<const std::vector<HeartbeatCommand>>(members);
  const size_t list = heap_bytes() - with_list;
  std::printf("one-member group: %.0f bytes\n",
              static_cast<double>(with_list - list - before) / kGroups);

  const size_t without_offsets = heap_bytes();
  const double start = cpu_seconds();
  for (const HeartbeatCommand& member : members) {
    CommitOffsetsCommand command;
    command.group = member.group;
    command.generation = member.generation;
    command.member_id = member.member_id;
    TopicOffsetsToCommit& topic = command.topics.emplace_back();
    topic.topic = "orders";
    for (int32_t partition = 0; partition < 10; ++partition) {
      topic.partitions.push_back({partition, 1'000'000 + partition, 3, ""});
    }
    Effects effects;
    bench.shard().commit_offsets(1, std::move(command), bench.now(), effects);
    bench.settle(std::move(effects));
  }
  bench.take();
  const double spent = cpu_seconds() - start;
  std::printf("committed offset: %.0f bytes\n",
              static_cast<double>(heap_bytes() - without_offsets) / (10.0 * kGroups));
  std::printf("offset commits of ten partitions: %.0f per CPU-second\n", kGroups / spent);
  beat("10,000 one-member groups", bench, members);
}

void one_group(size_t size) {
  Bench bench;
  const std::vector<std::string> names(size, "g");
  const double before = cpu_seconds();
  const Instant start = bench.now().steady;
  for (size_t i = 0; i < size; ++i) {
    bench.join("g", i);
    if (i % 100 == 99) bench.pass(std::chrono::milliseconds(1));
  }
  std::vector<HeartbeatCommand> members;
  while (members.empty()) {
    bench.pass(std::chrono::milliseconds(10));
    members = bench.sync(names);
  }
  const auto waited =
      std::chrono::duration_cast<std::chrono::milliseconds>(bench.now().steady - start);
  const size_t assigned = bench.take().size();
  std::printf(
      "group of %zu, first join to stable (%zu assigned): %.1f ms of CPU, %lld ms of "
      "virtual time with the initial delay of 3000 ms, extended once\n",
      size, assigned, (cpu_seconds() - before) * 1e3, static_cast<long long>(waited.count()));
  beat(size == 100 ? "one group of 100" : "one group of 10,000", bench, members);
}

}  // namespace
}  // namespace barnabas::group

int main() {
  barnabas::group::many_groups();
  barnabas::group::one_group(100);
  barnabas::group::one_group(10'000);
  return 0;
}
