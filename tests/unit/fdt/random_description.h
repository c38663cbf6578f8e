// SPDX-License-Identifier: GPL-2.0-or-later
// Descriptions of handovers by chance, of what every generation can hold or of what one can.
#pragma once

#include <random>

#include "fdt/abi/luo.h"
#include "fdt/make/description.h"

namespace kho {

inline std::string random_name(std::mt19937_64 &random, std::size_t longest, std::uint64_t number) {
    std::string name = std::to_string(number) + '-';
    while (name.size() < longest && random() % 12 != 0) name += static_cast<char>(random() % 255 + 1);
    return name;
}

inline Content random_content(std::mt19937_64 &random, std::uint64_t size) {
    Content content;
    while (content.end() < size && random() % 6 != 0) {
        const std::uint64_t gap = random() % 3 == 0 ? random() % (2 * page_size) : 0;
        ContentPiece piece;
        piece.offset = content.end() + gap;
        if (piece.offset >= size)
            break;
        piece.size = std::min(1 + random() % (20 * page_size), size - piece.offset);
        switch (random() % 4) {
            case 0:
                piece.kind = ContentPiece::Kind::bytes;
                piece.size = std::min<std::uint64_t>(piece.size, 100);
                piece.bytes.assign(piece.size, static_cast<std::byte>(random()));
                break;
            case 1:
                piece.kind = ContentPiece::Kind::hole;
                break;
            case 2:
                piece.kind = ContentPiece::Kind::zeros;
                break;
            default:
                piece.kind = ContentPiece::Kind::pattern;
                piece.seed = random();
                break;
        }
        EXPECT_TRUE(content.append(piece));
    }
    return content;
}

inline bool has_seals(const Release &release) { return release.handlers[0] == &memfd_v2(); }

inline FileDescription random_file(std::mt19937_64 &random, const Release &generation) {
    FileDescription file;
    if (random() % 8 == 0) {
        file.handler = random_name(random, 47, random() % 100);
        file.data = random();
        return file;
    }
    constexpr std::uint64_t sizes[] = {0, 1, page_size - 1, page_size, page_size + 1, 300 * page_size};
    file.size = random() % 2 == 0 ? sizes[random() % std::size(sizes)] : random() % (100 * page_size);
    file.position = random() % 2 == 0 ? 0 : random() >> 1;
    if (has_seals(generation))
        file.seals = static_cast<std::uint32_t>(random()) & abi::memfd_all_seals;
    file.folio_flags = static_cast<std::uint16_t>(random() % 4);
    file.folio_order = random() % 2 == 0 ? 0 : static_cast<unsigned>(random() % (max_order + 1));
    file.content = random_content(random, file.size);
    return file;
}

// What `generation` holds, and what `holder` holds too.
inline Description random_description(std::mt19937_64 &random, const Release &generation,
                                      const Release &holder) {
    const Release &least =
        generation.name < holder.name || generation.name.size() > holder.name.size() ? generation : holder;
    Description description{.release = &generation};
    description.memory_map = pc_memory_map((std::uint64_t{64} + random() % 8192) << 20);
    if (random() % 2 == 0)
        description.scratch = {
            {.size = 8 << 20}, {.size = random() % 2 << 22}, {.size = (random() % 64) << 12}};
    if (random() % 8 != 0) {
        LuoDescription &luo = description.luo.emplace();
        luo.liveupdate_number = random();
        luo.sessions.resize(random() % 4 == 0 ? random() % 120 : random() % 5);
        for (std::size_t i = 0; i < luo.sessions.size(); i++) {
            SessionDescription &session = luo.sessions[i];
            session.name = random_name(random, 63, i);
            const std::uint64_t files =
                luo.sessions.size() < 8 && random() % 4 == 0 ? random() % 129 : random() % 3;
            for (std::uint64_t j = 0; j < files; j++) {
                session.files.push_back(random_file(random, least));
                // What memfd-v1 comes back with.
                if (has_seals(generation) && !has_seals(least))
                    session.files.back().seals = abi::memfd_seal_seal;
                session.files.back().token = (random() << 8) + j;
            }
        }
        for (std::uint64_t i = 0; least.flbs && i < random() % 5; i++)
            luo.flbs.push_back(
                {.name = random_name(random, 47, i), .data = random(), .count = 1 + random() % 9});
    }
    for (std::uint64_t i = 0; i < random() % 4; i++) {
        ReservationDescription reservation{.name = "reservation-" + std::to_string(i),
                                           .size = (1 + random() % 300) * page_size,
                                           .alignment = page_size << random() % 10};
        reservation.content = random_content(random, reservation.size);
        description.reservations.push_back(std::move(reservation));
    }
    if (generation.kho->kexec_metadata && holder.kho->kexec_metadata && random() % 4 != 0)
        description.kexec_metadata = {.previous_release = std::string(random() % 65, 'r'),
                                      .kexec_count = static_cast<std::uint32_t>(random())};
    for (std::uint64_t i = 0; i < random() % 3; i++) {
        SubtreeDescription subtree{.name = "subtree-" + std::to_string(i), .size = page_size};
        subtree.content = random_content(random, subtree.size);
        description.subtrees.push_back(std::move(subtree));
    }
    return description;
}

}  // namespace kho
