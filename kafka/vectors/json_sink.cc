#include "kafka/vectors/json_sink.h"

#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>

#include <limits>
#include <utility>

namespace barnabas::kafka {
namespace {

std::string base64(std::string_view bytes) {
  return absl::Base64Escape(absl::string_view(bytes.data(), bytes.size()));
}

// Where in the message the visit is, as text.
class Path {
 public:
  void enter(const std::string& step) {
    lengths_.push_back(text_.size());
    if (!text_.empty() && step.front() != '[') text_ += '.';
    text_ += step;
  }
  void leave() {
    text_.resize(lengths_.back());
    lengths_.pop_back();
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::vector<size_t> lengths_;
};

class Maker final : public FieldVisitor {
 public:
  explicit Maker(MessageText& out) : out_(out) {
    out_.json = Json::object();
    stack_.push_back(&out_.json);
  }

  void field(const char* name, bool& value) override { place(name) = value; }
  void field(const char* name, int8_t& value) override { place(name) = value; }
  void field(const char* name, int16_t& value) override { place(name) = value; }
  void field(const char* name, uint16_t& value) override { place(name) = value; }
  void field(const char* name, int32_t& value) override { place(name) = value; }
  void field(const char* name, uint32_t& value) override { place(name) = value; }
  void field(const char* name, int64_t& value) override { place(name) = value; }
  void field(const char* name, double& value) override { place(name) = value; }
  void field(const char* name, Uuid& value) override { place(name) = value.text(); }
  void field(const char* name, std::string_view& value) override {
    place(name) = std::string(value);
  }
  void field(const char* name, std::optional<std::string_view>& value) override {
    Json& at = place(name);
    if (value.has_value()) at = std::string(*value);
  }
  void field(const char* name, Buffer& value) override { place(name) = base64(value.view()); }
  void field(const char* name, std::optional<Buffer>& value) override {
    Json& at = place(name);
    if (value.has_value()) at = base64(value->view());
  }
  void bytes(const char* name, std::string_view& value) override { place(name) = base64(value); }
  void bytes(const char* name, std::optional<std::string_view>& value) override {
    Json& at = place(name);
    if (value.has_value()) at = base64(*value);
  }

  bool wants(const char*, bool at_default) override { return !at_default; }

  bool enter_struct(const char* name, bool present) override {
    Json& at = place(name);
    if (!present) return false;
    at = Json::object();
    push(at, name);
    return true;
  }
  std::optional<size_t> enter_array(const char* name, std::optional<size_t> size) override {
    Json& at = place(name);
    if (!size.has_value()) return size;
    at = Json::array();
    push(at, name);
    return size;
  }
  void enter_element(size_t index) override {
    stack_.back()->push_back(Json());
    push(stack_.back()->back(), absl::StrCat("[", index, "]"));
  }
  void leave() override {
    // A struct none of whose fields is in this version.
    if (stack_.back()->is_null()) *stack_.back() = Json::object();
    stack_.pop_back();
    path_.leave();
  }
  void unknown_tags(UnknownTags& tags) override {
    for (const UnknownTag& tag : tags.all()) {
      out_.unknown_tags.push_back({path_.text(), tag.tag, std::string(tag.bytes)});
    }
  }

 private:
  // Null until something is put there. An element of an array has no name.
  Json& place(const char* name) { return *name == '\0' ? *stack_.back() : (*stack_.back())[name]; }
  void push(Json& at, const std::string& step) {
    stack_.push_back(&at);
    path_.enter(step);
  }

  MessageText& out_;
  std::vector<Json*> stack_;
  Path path_;
};

class Filler final : public FieldVisitor {
 public:
  Filler(const MessageText& text, Arena& arena) : text_(text), arena_(arena) {
    stack_.push_back(&text.json);
  }
  const absl::Status& status() const { return status_; }

  void field(const char* name, bool& value) override {
    const Json& at = find(name);
    if (!at.is_boolean()) return fail(name, "a boolean");
    value = at.get<bool>();
  }
  void field(const char* name, int8_t& value) override { number(name, value); }
  void field(const char* name, int16_t& value) override { number(name, value); }
  void field(const char* name, uint16_t& value) override { number(name, value); }
  void field(const char* name, int32_t& value) override { number(name, value); }
  void field(const char* name, uint32_t& value) override { number(name, value); }
  void field(const char* name, int64_t& value) override { number(name, value); }
  void field(const char* name, double& value) override {
    const Json& at = find(name);
    if (!at.is_number()) return fail(name, "a number");
    value = at.get<double>();
  }
  void field(const char* name, Uuid& value) override {
    const absl::StatusOr<Uuid> id = Uuid::parse(text_of(name));
    if (!id.ok()) return fail(name, "an id");
    value = *id;
  }
  void field(const char* name, std::string_view& value) override { value = text_of(name); }
  void field(const char* name, std::optional<std::string_view>& value) override {
    value.reset();
    if (!find(name).is_null()) value = text_of(name);
  }
  void field(const char* name, Buffer& value) override { value = Buffer::borrow(unbase64(name)); }
  void field(const char* name, std::optional<Buffer>& value) override {
    value.reset();
    if (!find(name).is_null()) value = Buffer::borrow(unbase64(name));
  }
  void bytes(const char* name, std::string_view& value) override { value = unbase64(name); }
  void bytes(const char* name, std::optional<std::string_view>& value) override {
    value.reset();
    if (!find(name).is_null()) value = unbase64(name);
  }

  bool wants(const char* name, bool) override { return stack_.back()->contains(name); }

  bool enter_struct(const char* name, bool) override {
    const Json& at = find(name);
    if (!at.is_object()) {
      if (!at.is_null()) fail(name, "an object or null");
      return false;
    }
    push(at, name);
    return true;
  }
  std::optional<size_t> enter_array(const char* name, std::optional<size_t>) override {
    const Json& at = find(name);
    if (!at.is_array()) {
      if (!at.is_null()) fail(name, "an array or null");
      return std::nullopt;
    }
    push(at, name);
    return at.size();
  }
  void enter_element(size_t index) override {
    push(stack_.back()->at(index), absl::StrCat("[", index, "]"));
  }
  void leave() override {
    stack_.pop_back();
    path_.leave();
  }
  void unknown_tags(UnknownTags& tags) override {
    for (const PathTag& tag : text_.unknown_tags) {
      if (tag.path == path_.text()) tags.add({tag.tag, tag.bytes});
    }
  }

 private:
  const Json& find(const char* name) {
    static const Json kNothing;
    if (*name == '\0') return *stack_.back();
    const auto found = stack_.back()->find(name);
    if (found != stack_.back()->end()) return *found;
    fail(name, "present");
    return kNothing;
  }
  template <class T>
  void number(const char* name, T& value) {
    const Json& at = find(name);
    if (!at.is_number_integer()) return fail(name, "an integer");
    const auto wide = at.get<int64_t>();
    if (!std::in_range<T>(wide)) return fail(name, "within the range of its type");
    value = static_cast<T>(wide);
  }
  std::string_view text_of(const char* name) {
    const Json& at = find(name);
    if (at.is_string()) return at.get_ref<const std::string&>();
    fail(name, "a string");
    return {};
  }
  std::string_view unbase64(const char* name) {
    std::string raw;
    const std::string_view text = text_of(name);
    if (!absl::Base64Unescape(absl::string_view(text.data(), text.size()), &raw)) {
      fail(name, "base64");
    }
    return arena_.emplace_back(std::move(raw));
  }
  void fail(const char* name, const char* expected) {
    if (!status_.ok()) return;
    status_ = absl::InvalidArgumentError(
        absl::StrCat("in '", path_.text(), "': '", name, "' must be ", expected));
  }
  void push(const Json& at, const std::string& step) {
    stack_.push_back(&at);
    path_.enter(step);
  }

  const MessageText& text_;
  Arena& arena_;
  std::vector<const Json*> stack_;
  Path path_;
  absl::Status status_;
};

}  // namespace

std::string to_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json repaired(const Json& json) { return Json::parse(to_text(json)); }

MessageText to_json(AnyMessage& message, int16_t version) {
  MessageText out;
  Maker maker(out);
  message.visit(maker, version);
  return out;
}

absl::Status from_json(const MessageText& text, int16_t version, Arena& arena,
                       AnyMessage& message) {
  Filler filler(text, arena);
  message.visit(filler, version);
  return filler.status();
}

}  // namespace barnabas::kafka
