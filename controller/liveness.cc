#include "controller/liveness.h"

#include <algorithm>

namespace barnabas::controller {

void Liveness::reset(const std::vector<Incarnation>& counted, Instant now) {
  entries_.clear();
  refused_.clear();
  postponed_.reset();
  for (const Incarnation& who : counted) {
    Entry& entry = entries_[who.broker];
    entry.epoch = who.epoch;
    entry.since = now;
    entry.deadline = now + options_.session_timeout;
    entry.probe_at = now + options_.attach_grace;
  }
}

void Liveness::registered(Incarnation who, Instant now) {
  if (find(who) != nullptr) return;
  Entry& entry = entries_[who.broker];
  entry = Entry{};
  entry.epoch = who.epoch;
  entry.since = now;
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
    entry.since = now;
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
  postponed_.reset();
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
  Entry* const entry = find(who);
  if (entry == nullptr || entry->attached || !entry->deadline) return false;
  if (result == Probe::kAccepted) entry->probe_at = now + options_.probe_again;
  if (result != Probe::kRefused) return false;
  if (entry->stopping) return true;
  std::erase_if(refused_, [&](const auto& refusal) {
    return refusal.second + options_.refusal_window < now;
  });
  refused_[who.broker] = now;
  if (refused_.size() != 1) return false;
  if (!missed_until(now)) return true;
  entry->deadline = now;  // it is over, and waits only for the one that is missed
  return false;
}

void Liveness::stalled(Duration time) {
  for (auto& [broker, entry] : entries_) {
    if (entry.deadline) *entry.deadline += time;
  }
}

bool Liveness::is_as_good_as_over(BrokerId broker, const Entry& entry, Instant now) const {
  if (*entry.deadline <= now) return true;
  return !entry.attached &&
         (refused_.count(broker) > 0 || *entry.deadline - now <= options_.refusal_window);
}

std::optional<Instant> Liveness::missed_until(Instant now) const {
  std::optional<Instant> out;
  for (const auto& [broker, entry] : entries_) {
    if (!entry.deadline || is_as_good_as_over(broker, entry, now)) continue;
    if (now - entry.heard.value_or(entry.since) <= options_.overdue) continue;
    out = out ? std::min(*out, *entry.deadline) : *entry.deadline;
  }
  return out;
}

Liveness::Due Liveness::due(Instant now) {
  Due out;
  bool any = false, at_once = false;
  for (const auto& [broker, entry] : entries_) {
    if (!entry.deadline || *entry.deadline > now) continue;
    any = true;
    at_once |= now - *entry.deadline >= options_.session_timeout;
  }
  postponed_.reset();
  if (any && !at_once) postponed_ = missed_until(now);
  for (auto& [broker, entry] : entries_) {
    if (any && !postponed_ && entry.deadline && is_as_good_as_over(broker, entry, now)) {
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
  const auto consider = [&](Instant when) {
    if (!out || when < *out) out = when;
  };
  for (const auto& [broker, entry] : entries_) {
    if (entry.deadline) consider(std::max(*entry.deadline, postponed_.value_or(*entry.deadline)));
    if (entry.probe_at) consider(*entry.probe_at);
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
