// SPDX-License-Identifier: GPL-2.0-or-later
// What a KTAP reader makes of a console: one document, results numbered from 1 on, every plan kept.
#pragma once

#include <map>
#include <sstream>
#include <string>

namespace vm {

// What is wrong with it, or nothing. Diagnostics and other lines are passed over.
inline std::string ktap_fault(const std::string &console) {
    struct Level {
        unsigned long plan = 0, number = 0;
    };
    std::map<std::size_t, Level> levels;  // by indentation
    unsigned documents = 0;
    std::string fault;
    const auto close = [&](std::size_t deeper_than) {
        for (auto it = levels.upper_bound(deeper_than); it != levels.end(); it = levels.erase(it))
            if (it->second.number != it->second.plan)
                fault += "a plan of " + std::to_string(it->second.plan) + " has " +
                         std::to_string(it->second.number) + " results\n";
    };
    std::istringstream lines(console);
    for (std::string line; std::getline(lines, line);) {
        const std::size_t indent = line.find_first_not_of(' ');
        if (indent == std::string::npos)
            continue;
        std::string text = line.substr(indent);
        while (!text.empty() && text.back() == '\r') text.pop_back();
        if (text == "KTAP version 1") {
            documents += indent == 0;
            if (levels.contains(indent))
                fault += "a document inside another of its depth\n";
            levels[indent] = {};
            continue;
        }
        if (text.starts_with("1..")) {
            levels[indent].plan = std::stoul(text.substr(3));
            continue;
        }
        if (!text.starts_with("ok ") && !text.starts_with("not ok "))
            continue;
        close(indent);
        if (!levels.contains(indent))
            fault += "outside of any document: " + line + "\n";
        if (std::stoul(text.substr(text.find("ok ") + 3)) != ++levels[indent].number)
            fault += "out of turn: " + line + "\n";
    }
    close(0);
    if (documents != 1)
        fault += std::to_string(documents) + " documents\n";
    else if (levels[0].number != levels[0].plan)
        fault += "the document's plan of " + std::to_string(levels[0].plan) + " has " +
                 std::to_string(levels[0].number) + " results\n";
    return fault;
}

}  // namespace vm
