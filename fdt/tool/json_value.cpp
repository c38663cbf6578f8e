// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/tool/json_value.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "fdt/base/internal/text.h"
#include "fdt/tool/options.h"

namespace kho::tool {

using nlohmann::json;

bool JsonValue::is_null() const { return value_ != nullptr && value_->is_null(); }
bool JsonValue::is_object() const { return value_ != nullptr && value_->is_object(); }
bool JsonValue::is_array() const { return value_ != nullptr && value_->is_array(); }

void JsonValue::fault(const std::string &what) const {
    if (!*fault_)
        fault_->text = (path_.empty() ? "" : path_ + ": ") + what;
}

void JsonValue::expect_members(std::initializer_list<std::string_view> known) const {
    if (value_ == nullptr)
        return;
    if (!value_->is_object())
        return fault(std::string("expected an object, seen ") + value_->type_name());
    for (const auto &[name, value] : value_->items()) {
        if (std::find(known.begin(), known.end(), name) != known.end())
            continue;
        const std::string_view near = nearest_word(name, std::vector<std::string_view>(known));
        return fault("there is no member " + in_quotes(name) +
                     (near.empty() ? "" : "; do you mean \"" + std::string(near) + "\"?"));
    }
}

JsonValue JsonValue::member(std::string_view name) const {
    const json *found = nullptr;
    if (is_object())
        if (const auto at = value_->find(std::string(name)); at != value_->end())
            found = &*at;
    return {found, (path_.empty() ? "" : path_ + '.') + std::string(name), *fault_};
}

JsonValue JsonValue::required(std::string_view name) const {
    JsonValue found = member(name);
    if (!found.exists())
        fault("\"" + std::string(name) + "\" is missing");
    return found;
}

std::vector<JsonValue> JsonValue::elements() const {
    std::vector<JsonValue> found;
    if (value_ == nullptr)
        return found;
    if (!value_->is_array()) {
        fault(std::string("expected an array, seen ") + value_->type_name());
        return found;
    }
    found.reserve(value_->size());
    for (std::size_t i = 0; i < value_->size(); i++)
        found.emplace_back(&(*value_)[i], path_ + '[' + std::to_string(i) + ']', *fault_);
    return found;
}

std::uint64_t JsonValue::number(std::uint64_t missing, std::uint64_t most) const {
    if (value_ == nullptr)
        return missing;
    std::optional<std::uint64_t> number;
    if (value_->is_number_unsigned())
        number = value_->get<std::uint64_t>();
    else if (value_->is_string())
        number = parse_number(value_->get_ref<const std::string &>());
    if (number && *number <= most)
        return *number;
    std::string seen = value_->is_structured() ? value_->type_name() : value_->dump();
    if (value_->is_string())
        seen = in_quotes(value_->get_ref<const std::string &>());
    fault(number ? seen + " is more than " + std::to_string(most)
                 : "expected a number such as 4096, \"0x1000\" or \"4K\", seen " + seen);
    return missing;
}

std::string JsonValue::text(std::string_view missing) const {
    if (value_ == nullptr)
        return std::string(missing);
    if (value_->is_string())
        return value_->get<std::string>();
    fault(std::string("expected a string, seen ") + value_->type_name());
    return std::string(missing);
}

}  // namespace kho::tool
