#include "raft/core/configuration_history.h"

#include <glog/logging.h>

#include <utility>

namespace barnabas::raft {

ConfigurationHistory::ConfigurationHistory(ConfigurationAt base) {
  held_.push_back(std::move(base));
}

const ConfigurationAt& ConfigurationHistory::before_latest() const {
  return held_.size() < 2 ? held_.back() : held_[held_.size() - 2];
}

const ConfigurationAt& ConfigurationHistory::at(LogIndex index) const {
  CHECK(index >= held_.front().index) << "the configuration at " << index << " is gone";
  size_t i = held_.size() - 1;
  while (held_[i].index > index) --i;
  return held_[i];
}

void ConfigurationHistory::append(LogIndex index, Configuration configuration) {
  CHECK(index > latest().index) << "configurations out of order";
  held_.push_back({index, std::move(configuration)});
}

void ConfigurationHistory::truncate_above(LogIndex keep) {
  while (held_.size() > 1 && held_.back().index > keep) held_.pop_back();
}

void ConfigurationHistory::compact(LogIndex index) {
  while (held_.size() > 1 && held_[1].index <= index) held_.erase(held_.begin());
}

void ConfigurationHistory::restart_behind(ConfigurationAt base) {
  held_.clear();
  held_.push_back(std::move(base));
}

}  // namespace barnabas::raft
