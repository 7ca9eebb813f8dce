#include "controller/liveness.h"

#include <algorithm>

namespace barnabas::controller {

void Liveness::reset(const std::vector<Incarnation>& counted, Instant now) {
  entries_.clear();
  refused_.clear();
  for (const Incarnation& who : counted) {
    Entry& entry = entries_[who.broker];
    entry.epoch = who.epoch;
    entry.deadline = now + options_.session_timeout;
    entry.probe_at = now + options_.attach_grace;
  }
}

void Liveness::registered(Incarnation who, Instant now) {
  if (find(who) != nullptr) return;
  Entry& entry = entries_[who.broker];
  entry = Entry{};
  entry.epoch = who.epoch;
  entry.deadline = now + options_.session_timeout;
}

Liveness::Entry* Liveness::find(Incarnation who) {
  const auto found = entries_.find(who.broker);
  return found == entries_.end() || found->second.epoch != who.epoch ? nullptr : &found->second;
}

const Liveness::Entry* Liveness::find(Incarnation who) const {
  return const_cast<Liveness*>(this)->find(who);
}

void Liveness::attached(Incarnation who, Instant now) {
  Entry& entry = entries_[who.broker];
  if (entry.epoch > who.epoch) return;
  if (entry.epoch != who.epoch) {
    entry = Entry{};
    entry.epoch = who.epoch;
  }
  entry.attached = true;
  entry.probe_at.reset();
  refused_.erase(who.broker);
  heard(who, now);
}

void Liveness::heard(Incarnation who, Instant now) {
  Entry* entry = find(who);
  if (entry == nullptr) return;
  entry->heard = now;
  entry->deadline = now + options_.session_timeout;
}

void Liveness::closed(Incarnation who, Instant now) {
  Entry* entry = find(who);
  if (entry == nullptr) return;
  entry->attached = false;
  entry->probe_at = now;
}

void Liveness::stopping(Incarnation who) {
  if (Entry* entry = find(who)) entry->stopping = true;
}

void Liveness::fenced(Incarnation who) {
  Entry* entry = find(who);
  if (entry == nullptr) return;
  if (!entry->attached) {
    entries_.erase(who.broker);
    return;
  }
  entry->deadline.reset();
  entry->probe_at.reset();
}

bool Liveness::probed(Incarnation who, Probe result, Instant now) {
  const Entry* entry = find(who);
  if (entry == nullptr || entry->attached || !entry->deadline) return false;
  if (result != Probe::kRefused) return false;
  if (entry->stopping) return true;
  std::erase_if(refused_, [&](const auto& refusal) {
    return refusal.second + options_.refusal_window < now;
  });
  refused_[who.broker] = now;
  return refused_.size() == 1;
}

void Liveness::stalled(Duration time) {
  for (auto& [broker, entry] : entries_) {
    if (entry.deadline) *entry.deadline += time;
  }
}

Liveness::Due Liveness::due(Instant now) {
  Due out;
  const bool any = std::any_of(entries_.begin(), entries_.end(), [&](const auto& entry) {
    return entry.second.deadline && *entry.second.deadline <= now;
  });
  const auto as_good_as_over = [&](BrokerId broker, const Entry& entry) {
    return any && !entry.attached &&
           (refused_.count(broker) > 0 || *entry.deadline - now <= options_.refusal_window);
  };
  for (auto& [broker, entry] : entries_) {
    if (entry.deadline && (*entry.deadline <= now || as_good_as_over(broker, entry))) {
      entry.deadline.reset();
      entry.probe_at.reset();
      out.fence.push_back({broker, entry.epoch});
    } else if (entry.probe_at && *entry.probe_at <= now) {
      entry.probe_at.reset();
      out.probe.push_back({broker, entry.epoch});
    }
  }
  return out;
}

std::optional<Instant> Liveness::next() const {
  std::optional<Instant> out;
  for (const auto& [broker, entry] : entries_) {
    for (const std::optional<Instant>& when : {entry.deadline, entry.probe_at}) {
      if (when && (!out || *when < *out)) out = when;
    }
  }
  return out;
}

std::optional<Instant> Liveness::last_heard(Incarnation who) const {
  const Entry* entry = find(who);
  return entry == nullptr ? std::nullopt : entry->heard;
}

bool Liveness::is_attached(Incarnation who) const {
  const Entry* entry = find(who);
  return entry != nullptr && entry->attached;
}

}  // namespace barnabas::controller
