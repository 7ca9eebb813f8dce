#include "common/metrics.h"

#include <absl/container/flat_hash_map.h>
#include <glog/logging.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>

namespace barnabas {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

}  // namespace

struct Exposition::Shared {
  ClientMetric& add(const std::string& name, const std::string& help, MetricType type,
                    const Labels& labels) {
    const auto [place, is_new] = places.emplace(name, families.size());
    if (is_new) {
      MetricFamily& family = families.emplace_back();
      family.name = name;
      family.help = help;
      family.type = type;
    }
    MetricFamily& family = families[place->second];
    CHECK(family.type == type) << name << " is shown as two kinds";
    ClientMetric& metric = family.metric.emplace_back();
    metric.label.reserve(labels.size());
    for (const auto& [key, value] : labels) metric.label.push_back({key, value});
    return metric;
  }

  std::vector<MetricFamily> families;
  absl::flat_hash_map<std::string, size_t> places;
};

Exposition::Exposition() : shared_(std::make_unique<Shared>()) {}
Exposition::~Exposition() = default;

void Exposition::counter(const std::string& name, const std::string& help, double value,
                         const Labels& labels) {
  shared_->add(name, help, MetricType::Counter, labels).counter.value = value;
}

void Exposition::gauge(const std::string& name, const std::string& help, double value,
                       const Labels& labels) {
  shared_->add(name, help, MetricType::Gauge, labels).gauge.value = value;
}

void Exposition::histogram(const std::string& name, const std::string& help,
                           const Histogram::Snapshot& snapshot, double per_unit,
                           const Labels& labels) {
  ClientMetric::Histogram& out = shared_->add(name, help, MetricType::Histogram, labels).histogram;
  out.sample_count = static_cast<uint64_t>(snapshot.count);
  out.sample_sum = static_cast<double>(snapshot.sum) / per_unit;
  uint64_t cumulative = 0;
  for (size_t i = 0; i < snapshot.counts.size(); ++i) {
    cumulative += static_cast<uint64_t>(snapshot.counts[i]);
    const double bound = i < snapshot.bounds.size()
                             ? static_cast<double>(snapshot.bounds[i]) / per_unit
                             : std::numeric_limits<double>::infinity();
    out.bucket.push_back({cumulative, bound});
  }
}

std::string Exposition::text() const {
  return prometheus::TextSerializer().Serialize(shared_->families);
}

}  // namespace barnabas
