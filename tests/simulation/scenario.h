// What scenarios of a whole cluster have in common: a formed cluster, time that passes under the
// eyes of the checks, and what the quorum says of partitions.

#pragma once

#include <glog/logging.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "tests/simulation/run.h"

namespace barnabas::simulation {

class ScenarioTest : public ::testing::Test {
 protected:
  ScenarioTest() { FLAGS_minloglevel = google::GLOG_FATAL; }

  void set_up(SwarmOptions options) {
    run_ = std::make_unique<simulation::Run>(std::move(options));
    ASSERT_TRUE(run_->form()) << run_->report();
  }
  Cluster& cluster() { return run_->cluster(); }
  void pass(Duration time) {
    run_->until([] { return false; }, time, "");
    ASSERT_FALSE(run_->findings().any()) << run_->report();
  }
  bool reaches(absl::AnyInvocable<bool()> done, Duration limit) {
    return run_->until(std::move(done), limit, "the scenario's condition");
  }
  void finish() { ASSERT_TRUE(run_->finish()) << run_->report(); }

  // What the active controller has committed; null while there is none.
  const metadata::Image* image() {
    ControllerProcess* const active = cluster().active_controller();
    return active == nullptr ? nullptr : &active->controller().committed_image();
  }
  const metadata::PartitionImage* partition(const std::string& topic, int index = 0) {
    const metadata::Image* const known = image();
    const auto* const found = known == nullptr ? nullptr : known->topic_by_name(topic);
    return found == nullptr ? nullptr : &found->partitions[static_cast<size_t>(index)];
  }
  // Of the first topic that stays.
  const metadata::PartitionImage* partition(int index) {
    return partition(Workload::topic_name(0), index);
  }
  // Empty: nobody, as far as anybody knows.
  std::string leader_of(const std::string& topic, int index = 0) {
    const metadata::PartitionImage* const state = partition(topic, index);
    if (state == nullptr || state->leader == kNoBroker) return "";
    return Cluster::broker_name(state->leader.value());
  }
  std::string leader_of(int index) { return leader_of(Workload::topic_name(0), index); }
  uint64_t acknowledged() { return run_->workload().acknowledged(); }
  bool more_is_acknowledged(Duration limit) {
    const uint64_t before = acknowledged();
    return reaches([this, before] { return acknowledged() > before + 20; }, limit);
  }

  std::unique_ptr<simulation::Run> run_;
};

}  // namespace barnabas::simulation
