// SPDX-License-Identifier: GPL-2.0-or-later
// The tables of plugin/README.md say what the code does.
#include <fstream>
#include <map>
#include <regex>

#include "fake_machine.h"

namespace kexec_handover::test {
namespace {

// Rows of the tables below a heading, cell by cell.
std::vector<std::vector<std::string>> rows_below(const std::string &heading) {
    std::ifstream file(PLUGIN_README);
    std::vector<std::vector<std::string>> rows;
    bool inside = false;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("## "))
            inside = line == "## " + heading;
        else if (inside && line.starts_with("| ")) {
            std::vector<std::string> cells;
            const std::regex cell(R"(\|\s*([^|]*?)\s*(?=\|))");
            for (std::sregex_iterator it(line.begin(), line.end(), cell), end; it != end; ++it)
                cells.push_back((*it)[1]);
            rows.push_back(cells);
        }
    }
    return rows;
}

TEST(RegisterSpecification, ListsEveryStatusCodeByItsName) {
    std::map<std::uint32_t, std::string> documented;
    for (const auto &cells : rows_below("Status codes")) {
        if (std::isdigit(static_cast<unsigned char>(cells.at(0)[0])))
            documented[static_cast<std::uint32_t>(std::stoul(cells[0]))] = cells.at(1);
    }
    for (std::uint32_t code = 0; code < 1024; ++code) {
        const std::string name = kexec_handover::name(Status{code});
        EXPECT_EQ(documented.count(code) ? documented[code] : "unknown", name) << code;
    }
}

TEST(RegisterSpecification, ListsEveryRegisterAtItsOffset) {
    const std::map<std::string, Register> registers = {
#define ENTRY(name) {#name, Register::name}
        ENTRY(signature),
        ENTRY(version),
        ENTRY(state),
        ENTRY(status),
        ENTRY(status_index),
        ENTRY(status_address),
        ENTRY(descriptor),
        ENTRY(command),
        ENTRY(purgatory_entry),
        ENTRY(next_entry),
        ENTRY(next_argument),
        ENTRY(kexec_count),
        ENTRY(preserved_bytes),
        ENTRY(preserved_ranges),
        ENTRY(poisoned_bytes),
        ENTRY(untouched_bytes),
        ENTRY(kexec_nanoseconds),
        ENTRY(recorded_bytes),
        ENTRY(kho_fdt),
        ENTRY(luo_fdt),
        ENTRY(mismatched_ranges),
        ENTRY(verdict),
        ENTRY(orders),
        ENTRY(release)
#undef ENTRY
    };
    std::size_t seen = 0;
    for (const auto &cells : rows_below("Registers")) {
        if (!cells.at(0).starts_with("0x"))
            continue;
        ++seen;
        ASSERT_TRUE(registers.contains(cells.at(1))) << cells[1];
        EXPECT_EQ(std::stoul(cells[0], nullptr, 16), static_cast<std::uint32_t>(registers.at(cells[1])))
            << cells[1];
    }
    EXPECT_EQ(seen, registers.size());
}

TEST(RegisterSpecification, ListsTheDescriptorsFields) {
    const std::map<std::string, std::size_t> fields = {
#define ENTRY(name) {#name, offsetof(Descriptor, name)}
        ENTRY(magic),      ENTRY(size),     ENTRY(flags),          ENTRY(memory_map),        ENTRY(scratch),
        ENTRY(preserved),  ENTRY(subtrees), ENTRY(session_header), ENTRY(liveupdate_number), ENTRY(acpi_rsdp),
        ENTRY(flb_header), ENTRY(handover), ENTRY(reserved)
#undef ENTRY
    };
    std::size_t seen = 0;
    for (const auto &cells : rows_below("Kexec descriptor")) {
        if (!cells.at(0).starts_with("0x"))
            continue;
        ++seen;
        ASSERT_TRUE(fields.contains(cells.at(2))) << cells[2];
        EXPECT_EQ(std::stoul(cells[0], nullptr, 16), fields.at(cells[2])) << cells[2];
    }
    EXPECT_EQ(seen, fields.size());
}

}  // namespace
}  // namespace kexec_handover::test
