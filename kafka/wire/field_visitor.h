// Walks over the fields of a generated message, by name: for JSON, logs and tests. One sink
// serves all messages in both directions, because the calls are virtual and the generated code
// hands out references; nothing on the path of a request uses it.
//
//   message.visit(sink, version);
//
// Fields that the version lacks are not visited. Elements of arrays are visited with an empty
// name between enter_element() and leave().

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "common/buffer.h"
#include "common/uuid.h"
#include "kafka/wire/unknown_tags.h"

namespace barnabas::kafka {

class FieldVisitor {
 public:
  virtual ~FieldVisitor() = default;

  virtual void field(const char* name, bool& value) = 0;
  virtual void field(const char* name, int8_t& value) = 0;
  virtual void field(const char* name, int16_t& value) = 0;
  virtual void field(const char* name, uint16_t& value) = 0;
  virtual void field(const char* name, int32_t& value) = 0;
  virtual void field(const char* name, uint32_t& value) = 0;
  virtual void field(const char* name, int64_t& value) = 0;
  virtual void field(const char* name, double& value) = 0;
  virtual void field(const char* name, Uuid& value) = 0;
  virtual void field(const char* name, std::string_view& value) = 0;
  virtual void field(const char* name, std::optional<std::string_view>& value) = 0;
  virtual void field(const char* name, Buffer& value) = 0;
  virtual void field(const char* name, std::optional<Buffer>& value) = 0;
  // Bytes share their C++ type with strings, so they have names of their own.
  virtual void bytes(const char* name, std::string_view& value) = 0;
  virtual void bytes(const char* name, std::optional<std::string_view>& value) = 0;

  // Asked before a tagged field: whether to visit it, given that it is at its default or not.
  virtual bool wants(const char* name, bool at_default) = 0;

  // A struct of its own, or null; returns whether there is one (a sink that fills messages
  // decides, one that shows them returns `present`). If there is none, leave() is not called.
  virtual bool enter_struct(const char* name, bool present) = 0;
  // Likewise an array; returns its size, nullopt for null.
  virtual std::optional<size_t> enter_array(const char* name, std::optional<size_t> size) = 0;
  virtual void enter_element(size_t index) = 0;
  virtual void leave() = 0;

  // At the end of each struct of a flexible version.
  virtual void unknown_tags(UnknownTags& tags) = 0;

  template <class T>
  void structure(const char* name, T& value, int16_t version) {
    if (!enter_struct(name, true)) return;
    value.visit(*this, version);
    leave();
  }
  template <class T>
  void structure(const char* name, std::optional<T>& value, int16_t version) {
    if (!enter_struct(name, value.has_value())) {
      value.reset();
      return;
    }
    if (!value.has_value()) value.emplace();
    value->visit(*this, version);
    leave();
  }

  // Arrays of simple elements.
  template <class T>
  void array(const char* name, std::vector<T>& values) {
    if (resize(values, enter_array(name, values.size()))) visit_elements(values);
  }
  template <class T>
  void array(const char* name, std::optional<std::vector<T>>& values) {
    if (resize_nullable(values, enter_array(name, size_of(values)))) visit_elements(*values);
  }
  // Arrays of structs.
  template <class T>
  void array(const char* name, std::vector<T>& values, int16_t version) {
    if (resize(values, enter_array(name, values.size()))) visit_elements(values, version);
  }
  template <class T>
  void array(const char* name, std::optional<std::vector<T>>& values, int16_t version) {
    if (resize_nullable(values, enter_array(name, size_of(values)))) {
      visit_elements(*values, version);
    }
  }

 private:
  template <class T>
  static std::optional<size_t> size_of(const std::optional<std::vector<T>>& values) {
    if (!values.has_value()) return std::nullopt;
    return values->size();
  }
  template <class T>
  static bool resize(std::vector<T>& values, std::optional<size_t> size) {
    values.resize(size.value_or(0));
    return size.has_value();
  }
  template <class T>
  static bool resize_nullable(std::optional<std::vector<T>>& values, std::optional<size_t> size) {
    if (!size.has_value()) {
      values.reset();
      return false;
    }
    if (!values.has_value()) values.emplace();
    return resize(*values, size);
  }
  template <class T>
  void visit_elements(std::vector<T>& values) {
    for (size_t i = 0; i < values.size(); ++i) {
      enter_element(i);
      field("", values[i]);
      leave();
    }
    leave();
  }
  template <class T>
  void visit_elements(std::vector<T>& values, int16_t version) {
    for (size_t i = 0; i < values.size(); ++i) {
      enter_element(i);
      values[i].visit(*this, version);
      leave();
    }
    leave();
  }
};

}  // namespace barnabas::kafka
