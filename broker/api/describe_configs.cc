// DescribeConfigs (32): every key of a topic, of this broker, or what was changed for all brokers
// (a broker resource without a name). Another broker's settings stand in a file that only it has.
//
// The answer borrows its texts from the image and is written out under the image's reader lock.

#include "kafka/messages/describe_configs.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "broker/api/config_views.h"
#include "broker/api/replicas.h"
#include "broker/api/table.h"
#include "broker/api/topic_name.h"

namespace barnabas::api {
namespace {

using kafka::DescribeConfigsRequest;
using kafka::DescribeConfigsResponse;
using kafka::ErrorCode;
using Asked = DescribeConfigsRequest::DescribeConfigsResource;
using Result = DescribeConfigsResponse::DescribeConfigsResult;

absl::string_view absl_view(std::string_view text) { return {text.data(), text.size()}; }

class Description {
 public:
  Description(const Services& services, const DescribeConfigsRequest& message,
              const metadata::Image& image)
      : services_(services), message_(message), image_(image) {}

  void add(const Asked& asked) {
    Result& out = response_.results.emplace_back();
    out.resource_type = asked.resource_type;
    out.resource_name = asked.resource_name;
    switch (asked.resource_type) {
      case kTopicResource:
        return describe_topic(asked, out);
      case kBrokerResource:
        return describe_broker(asked, out);
      default:
        return refuse(ErrorCode::kInvalidRequest,
                      absl::StrCat("Resource type ", asked.resource_type,
                                   " has no configuration here: topics (2) and brokers (4) have."),
                      out);
    }
  }
  const DescribeConfigsResponse& response() const { return response_; }
  int16_t first_error() const { return first_error_; }

 private:
  void refuse(ErrorCode error, std::string text, Result& out) {
    out.error_code = code(error);
    out.error_message = texts_.emplace_back(std::move(text));
    if (first_error_ == 0) first_error_ = out.error_code;
  }

  void describe_topic(const Asked& asked, Result& out) {
    const absl::string_view name = absl_view(asked.resource_name);
    if (!is_topic_name(asked.resource_name)) {
      return refuse(ErrorCode::kInvalidTopicException,
                    absl::StrCat("'", name.substr(0, 249), "' cannot be the name of a topic."),
                    out);
    }
    if (image_.topic_by_name(asked.resource_name) == nullptr) {
      return refuse(ErrorCode::kUnknownTopicOrPartition,
                    absl::StrCat("Topic '", name, "' does not exist."), out);
    }
    add_views(topic_configs(image_, asked.resource_name, services_.options.self), asked, out);
  }

  void describe_broker(const Asked& asked, Result& out) {
    if (asked.resource_name.empty()) return add_views(cluster_configs(image_), asked, out);
    const absl::string_view name = absl_view(asked.resource_name);
    int32_t id = 0;
    if (!absl::SimpleAtoi(name, &id)) {
      return refuse(ErrorCode::kInvalidRequest,
                    absl::StrCat("Broker id must be an integer, but it is: ", name.substr(0, 80)),
                    out);
    }
    if (id != services_.options.self.value()) {
      return refuse(
          ErrorCode::kInvalidRequest,
          absl::StrCat("Unexpected broker id, expected ", services_.options.self.value(),
                       " or empty string, but received ", id, ": ask broker ", id, " itself."),
          out);
    }
    add_views(broker_configs(image_, services_.options), asked, out);
  }

  void add_views(const std::vector<ConfigView>& views, const Asked& asked, Result& out) {
    for (const ConfigView& view : views) {
      const auto& keys = asked.configuration_keys;
      const bool is_asked_for =
          !keys.has_value() || keys->empty() ||
          std::find(keys->begin(), keys->end(), view.key->name) != keys->end();
      if (is_asked_for) add_view(view, out);
    }
  }

  void add_view(const ConfigView& view, Result& result) {
    auto& out = result.configs.emplace_back();
    const bool secret = view.key->type == metadata::KeyType::kPassword;
    out.name = view.key->name;
    out.is_sensitive = secret;
    if (view.value.has_value() && !secret) {
      out.value = *view.value;
    } else {
      out.value.reset();
    }
    out.read_only = view.read_only;
    out.config_source = static_cast<int8_t>(view.source);
    out.config_type = static_cast<int8_t>(metadata::kafka_type(view.key->type));
    out.documentation.reset();
    if (message_.include_documentation) out.documentation = documentation(*view.key);
    if (!message_.include_synonyms) return;
    for (const ConfigSynonym& synonym : view.synonyms) {
      auto& to = out.synonyms.emplace_back();
      to.name = synonym.name;
      to.value.reset();
      if (!secret) to.value = synonym.value;
      to.source = static_cast<int8_t>(synonym.source);
    }
  }

  std::string_view documentation(const metadata::ConfigKey& key) {
    if (key.has_effect) return key.documentation;
    return texts_.emplace_back(
        absl::StrCat(absl_view(key.documentation), " Accepted and kept; it has no effect here."));
  }

  const Services& services_;
  const DescribeConfigsRequest& message_;
  const metadata::Image& image_;
  DescribeConfigsResponse response_;
  std::deque<std::string> texts_;
  int16_t first_error_ = 0;
};

}  // namespace

void handle_describe_configs(Services& services, Request request, Responder responder) {
  DescribeConfigsRequest message;
  if (!decode(request, message, responder)) return;
  services.session.with_image([&](const metadata::Image& image) {
    Description description(services, message, image);
    for (const Asked& asked : message.resources) description.add(asked);
    responder.send(description.response(), description.first_error(),
                   256 + 4096 * message.resources.size());
  });
}

}  // namespace barnabas::api
