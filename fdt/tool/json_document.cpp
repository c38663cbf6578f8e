// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/tool/json_document.h"

#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "fdt/base/internal/text.h"

namespace kho::tool {
namespace {

using nlohmann::json;

// Looks at the text before a tree is made of it. The library's own way, a callback while it makes the tree,
// goes through all of an array whenever an object in it ends: a million files would take minutes.
class Watch final : public json::json_sax_t {
public:
    explicit Watch(JsonFault &fault) : fault_(fault) {}

    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(number_integer_t) override { return true; }
    bool number_unsigned(number_unsigned_t) override { return true; }
    bool number_float(number_float_t, const string_t &) override { return true; }
    bool string(string_t &) override { return true; }
    bool binary(binary_t &) override { return true; }
    bool start_object(std::size_t) override {
        members_.emplace_back();
        return true;
    }
    bool key(string_t &name) override {
        if (members_.back().insert(name).second)
            return true;
        fault_.text = "member " + in_quotes(name) + " is there twice in one object";
        return false;
    }
    bool end_object() override {
        members_.pop_back();
        return true;
    }
    bool start_array(std::size_t) override { return true; }
    bool end_array() override { return true; }
    bool parse_error(std::size_t, const std::string &, const nlohmann::detail::exception &error) override {
        // Behind the name of the exception.
        const std::string_view what = error.what();
        const std::size_t words = what.find("] ");
        fault_.text = what.substr(words == what.npos ? 0 : words + 2);
        return false;
    }

private:
    JsonFault &fault_;
    std::vector<std::set<std::string>> members_;  // of the objects that are open
};

}  // namespace

std::optional<json> parse_json(std::string_view text, JsonFault &fault) {
    Watch watch(fault);
    if (!json::sax_parse(text, &watch))
        return std::nullopt;
    return json::parse(text, nullptr, false);
}

}  // namespace kho::tool
