// Creates and deletes topics through whatever broker answers, again and again until the outcome is
// known. Says whether each answer agrees with what was known before (S3, I53).

#pragma once

#include <absl/functional/any_invocable.h>

#include <map>
#include <memory>
#include <string>

#include "tests/simulation/client.h"
#include "tests/simulation/findings.h"

namespace barnabas::simulation {

struct TopicWanted {
  std::string name;
  int32_t partitions = 1;
  int16_t replication_factor = 3;
  std::map<std::string, std::string> configs;
};

class TopicAdmin {
 public:
  TopicAdmin(Client& client, Findings& findings) : client_(client), findings_(findings) {}

  // `id` is none if an attempt whose answer was lost had created it. `unsure`: an attempt without
  // an answer may still be on its way and create a namesake at any later time.
  using Created = absl::AnyInvocable<void(Uuid id, bool unsure)>;
  void create(TopicWanted topic, Created created) {
    create(std::move(topic), /*unknown=*/false, std::move(created));
  }
  using Deleted = absl::AnyInvocable<void()>;
  // By `id` where that is known, so that an attempt that comes late hits no namesake.
  void erase(std::string name, Uuid id, Deleted deleted) {
    erase(std::move(name), id, /*unknown=*/false, std::move(deleted));
  }
  const std::string& trouble() const { return trouble_; }

 private:
  // `unknown`: an attempt before may have done it.
  void create(TopicWanted topic, bool unknown, Created created);
  void erase(std::string name, Uuid id, bool unknown, Deleted deleted);

  Client& client_;
  Findings& findings_;
  std::string trouble_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace barnabas::simulation
