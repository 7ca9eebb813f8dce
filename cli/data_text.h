// One verb's data in each of the forms that programs read. Every verb makes JSON; the other forms
// are made from that, here and nowhere else, so that no form can have a field that another lacks.

#pragma once

#include <string>
#include <string_view>

namespace barnabas::cli {

// `json` as YAML: fields in the same order, strings quoted where YAML would take them for something
// else. Ends with a line break.
std::string yaml_of(std::string_view json);
// The elements of the list `list` of the object `json`, a line each; without such a list, `json`
// itself on one line.
std::string json_lines_of(std::string_view json, std::string_view list);

}  // namespace barnabas::cli
