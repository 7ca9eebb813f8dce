#include "raft/testing/stage.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <glog/logging.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "raft/describe.h"

namespace barnabas::raft::testing {

namespace {

std::string text_of(const Entry& entry) {
  if (entry.kind() != EntryKind::kConfiguration) return std::string(entry.payload.view());
  return describe(*decode_configuration(entry.payload.view()));
}

}  // namespace

Stage::Stage(size_t voters, size_t max_append_bytes, size_t others) : random_(seeded_random(7)) {
  Configuration configuration;
  for (size_t i = 0; i < voters + others; ++i) {
    std::array<uint8_t, 16> directory{};
    directory.fill(static_cast<uint8_t>(0x10 + i));
    ids_.push_back({ControllerId{static_cast<int32_t>(i + 1)}, Uuid(directory)});
  }
  for (size_t i = 0; i < voters; ++i) configuration.voters[ids_[i]] = Endpoint();
  for (size_t i = 0; i < voters + others; ++i) {
    CoreOptions options;
    options.self = ids_[i];
    options.configuration = configuration;
    options.max_append_bytes = max_append_bytes;
    const int n = static_cast<int>(i + 1);
    nodes_.push_back(std::make_unique<TestNode>(options, i + 1, hooks(n)));
    nodes_.back()->start(LogIndex{0}, now_);
  }
  out_.clear();
}

void Stage::note(std::string line) { absl::StrAppend(&out_, line, "\n"); }

TestNode::Hooks Stage::hooks(int n) {
  TestNode::Hooks hooks;
  hooks.send = [this](const Message& message) {
    if (!passes(message)) {
      note(absl::StrCat("  lost ", describe(message)));
      return;
    }
    note(absl::StrCat("  ", describe(message)));
    under_way_.push_back(message);
  };
  hooks.apply = [this, n](const Entry& entry) {
    note(absl::StrCat("  ", n, " applies ", describe(entry.id()), " ", text_of(entry)));
    if (entry.kind() == EntryKind::kDecision) applied_[n].emplace_back(entry.payload.view());
  };
  hooks.proposed = [this, n](const absl::StatusOr<LogIndex>& index) {
    note(index.ok() ? absl::StrCat("  ", n, " appends it as entry ", index->value())
                    : absl::StrCat("  ", n, " refuses: ", index.status().message()));
  };
  hooks.changed = [this, n](const absl::StatusOr<LogIndex>& index) {
    note(index.ok() ? absl::StrCat("  ", n, " changes the voters with entry ", index->value())
                    : absl::StrCat("  ", n, " changes no voters: ", index.status().message()));
  };
  hooks.transfer_refused = [this, n](const absl::Status& status) {
    note(absl::StrCat("  ", n, " hands nothing over: ", status.message()));
  };
  hooks.read = [this, n](const ReadOutcome& outcome) {
    note(absl::StrCat("  ", n, outcome.confirmed ? " confirms read " : " fails read ", outcome.id));
  };
  hooks.fetch = [this, n](const SnapshotFetch& fetch) {
    note(absl::StrCat("  ", n, " fetches snapshot ", describe(fetch.snapshot.last)));
    fetching_[n] = fetch.snapshot;
  };
  hooks.installed = [this, n](const SnapshotOffer& snapshot) {
    note(absl::StrCat("  ", n, " installs snapshot ", describe(snapshot.last)));
    applied_[n] = {absl::StrCat("snapshot of ", snapshot.last.index.value())};
  };
  hooks.role = [this, n](const RoleChange& change) {
    note(absl::StrCat(
        "  ", n, " is ", to_string(change.role), " in term ", change.term.value(),
        change.leader.has_value() ? absl::StrCat(", leader ", change.leader->id.value()) : ""));
  };
  hooks.ready = [this, n] { note(absl::StrCat("  ", n, " is ready to decide")); };
  return hooks;
}

bool Stage::passes(const Message& message) const {
  return cut_.count({message.from.id.value(), message.to.id.value()}) == 0;
}

void Stage::step(int n, Event event) {
  if (!node(n).running()) return;
  node(n).step(std::move(event), now_);
  sync_auto(n);
}

void Stage::sync_auto(int n) {
  while (manual_.count(n) == 0 && node(n).running()) {
    if (node(n).hard_state_needs_sync()) {
      node(n).complete_hard_state_sync(now_);
    } else if (node(n).log_needs_sync()) {
      node(n).begin_log_sync();
      node(n).complete_log_sync(now_);
    } else {
      return;
    }
  }
}

void Stage::deliver(const Message& message) {
  const int to = message.to.id.value();
  if (node(to).running()) step(to, Received{message});
}

void Stage::inject(Message message) { deliver(message); }

void Stage::deliver_now(int from, int to, bool keep) {
  std::deque<Message> now;
  std::deque<Message> later;
  for (Message& message : under_way_) {
    const bool meant =
        from == 0 || (message.from.id.value() == from && message.to.id.value() == to);
    (meant ? now : later).push_back(std::move(message));
  }
  under_way_ = std::move(later);
  if (keep) under_way_.insert(under_way_.end(), now.begin(), now.end());
  for (const Message& message : now) deliver(message);
}

void Stage::settle() {
  for (int round = 0; round < 10000 && !under_way_.empty(); ++round) {
    const Message message = std::move(under_way_.front());
    under_way_.pop_front();
    deliver(message);
  }
  CHECK(under_way_.empty()) << "the voters talk without end";
}

void Stage::elect(int n) {
  for (int i = 1; i <= static_cast<int>(nodes_.size()); ++i) {
    if (i != n && node(i).running() && core(i).leader().has_value()) {
      step(i, LinkClosed{*core(i).leader()});
    }
  }
  now_ = std::max(now_, node(n).next_timer());
  step(n, TimerFired{});
  settle();
}

std::string Stage::state() {
  for (int n = 1; n <= static_cast<int>(nodes_.size()); ++n) {
    if (!node(n).running()) {
      note(absl::StrCat("  ", n, " is down"));
      continue;
    }
    const Core& core = this->core(n);
    std::string line = absl::StrCat(
        "  ", n, " ", to_string(core.role()), ", ", describe(core.hard_state()), ", commit ",
        core.commit().value(), ", applied ", core.applied().value(), ", durable ",
        core.log().durable().value(), ", log behind ", describe(core.log().base()), ":");
    for (const Entry& entry : node(n).disk().written().entries) {
      absl::StrAppend(&line, " ", describe(entry.id()),
                      entry.payload.empty() ? "" : absl::StrCat("=", text_of(entry)));
    }
    if (core.configurations().latest().index.value() > 0) {
      absl::StrAppend(&line, "; ", describe(core.configuration()));
    }
    note(line);
  }
  return out_;
}

bool Stage::run_on_node(const std::string& verb, int n, const std::string& rest) {
  TestNode& node = this->node(n);
  if (verb == "crash") {
    node.crash(*random_);
    return true;
  }
  if (verb == "restart") {
    applied_[n].clear();
    node.start(node.disk().written().base.index, now_);
    return true;
  }
  if (verb == "abstain") {
    node.mark_abstaining();
    return true;
  }
  if (verb == "disk") {
    if (rest == "manual") {
      manual_.insert(n);
    } else {
      manual_.erase(n);
      sync_auto(n);
    }
    return true;
  }
  if (!node.running()) return false;
  if (verb == "timeout") {
    now_ = std::max(now_, node.next_timer());
    step(n, TimerFired{});
  } else if (verb == "propose") {
    step(n, Propose{Buffer::own(rest)});
  } else if (verb == "read") {
    step(n, ReadAsked{++last_read_});
  } else if (verb == "close") {
    step(n, LinkClosed{id(std::stoi(rest))});
  } else if (verb == "add") {
    step(n, VoterAdded{id(std::stoi(rest)), Endpoint()});
  } else if (verb == "remove") {
    step(n, VoterRemoved{id(std::stoi(rest))});
  } else if (verb == "transfer") {
    step(n, rest.empty() ? TransferAsked{} : TransferAsked{id(std::stoi(rest))});
  } else if (verb == "open") {
    step(n, LinkOpened{id(std::stoi(rest))});
  } else if (verb == "begin-sync") {
    node.begin_log_sync();
  } else if (verb == "end-sync") {
    node.complete_log_sync(now_);
    sync_auto(n);
  } else if (verb == "sync-vote") {
    node.complete_hard_state_sync(now_);
    sync_auto(n);
  } else if (verb == "snapshot") {
    const LogIndex at = node.core().applied();
    const SnapshotOffer snapshot{
        {at, *node.core().log().term_at(at)}, 1, 0, node.core().configurations().at(at)};
    node.disk().take_snapshot(snapshot);
    step(n, SnapshotTaken{snapshot});
  } else if (verb == "compact") {
    const LogIndex at{std::stoll(rest)};
    const EntryId base{at, *node.core().log().term_at(at)};
    node.disk().compact(base);
    step(n, Compacted{base});
  } else if (verb == "arrive") {
    const auto fetch = fetching_.find(n);
    if (fetch == fetching_.end()) {
      note(absl::StrCat("  ", n, " is fetching nothing"));
    } else {
      step(n, SnapshotArrived{fetch->second});
    }
  } else {
    return false;
  }
  return true;
}

std::string Stage::run(const std::string& line) {
  out_.clear();
  std::istringstream words(line);
  std::string verb;
  words >> verb;
  int a = 0;
  int b = 0;
  if (verb == "settle") {
    settle();
  } else if (verb == "state") {
    state();
  } else if (verb == "heal") {
    cut_.clear();
  } else if (verb == "wait" && words >> a) {
    now_ += std::chrono::milliseconds(a);
  } else if (verb == "deliver" || verb == "repeat") {
    words >> a >> b;
    deliver_now(a, b, verb == "repeat");
  } else if (verb == "drop") {
    words >> a >> b;
    std::erase_if(under_way_, [&](const Message& message) {
      return a == 0 || (message.from.id.value() == a && message.to.id.value() == b);
    });
  } else if (verb == "isolate" && words >> a) {
    for (int other = 1; other <= static_cast<int>(nodes_.size()); ++other) {
      cut_.insert({a, other});
      cut_.insert({other, a});
    }
  } else if ((verb == "cut" || verb == "mend") && words >> a >> b) {
    for (const auto& way : {std::pair(a, b), std::pair(b, a)}) {
      if (verb == "cut") {
        cut_.insert(way);
      } else {
        cut_.erase(way);
      }
    }
  } else if (words >> a) {
    std::string rest;
    std::getline(words >> std::ws, rest);
    if (!run_on_node(verb, a, rest)) note(absl::StrCat("not understood: ", line));
  } else {
    note(absl::StrCat("not understood: ", line));
  }
  return out_;
}

}  // namespace barnabas::raft::testing
