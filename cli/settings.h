// What is set for a topic, for a broker or for all brokers, what holds where nothing is set, and
// where each value comes from.

#pragma once

#include <string>
#include <vector>

#include "cli/admin_client.h"
#include "cli/cluster_port.h"
#include "cli/options.h"
#include "metadata/config_keys.h"

namespace barnabas::cli {

struct Setting {
  std::string key;
  std::string value;                           // "(hidden)" for a secret
  std::string source;                          // "topic", "node", "cluster", "file", "default"
  const metadata::ConfigKey* about = nullptr;  // nullptr: a key of a newer version
  bool at_default() const { return source == "default"; }
};

// "topic board", "node 2", "the cluster"
std::string name_of(const ConfigTarget& target);
// A broker is asked itself, because only it knows its file; where it does not answer, what the
// controllers know is shown, and `note` says so.
Result<std::vector<Setting>> settings_of(AdminClient& client, ClusterPort* brokers,
                                         const ConfigTarget& target, std::string& note);
// Only those of `keys`, in their order; all of them where none is named. A key that does not exist
// is a problem that names the nearest one.
Result<std::vector<Setting>> chosen(const std::vector<Setting>& all,
                                    const std::vector<std::string>& keys, const std::string& tried);

// Of a topic, of all brokers, or of a broker's file; nullptr: no such key.
const metadata::ConfigKey* find_key(const std::string& name);
std::vector<std::string> all_keys();

}  // namespace barnabas::cli
