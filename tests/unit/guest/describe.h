// SPDX-License-Identifier: GPL-2.0-or-later
// The whole state of an orchestrator as text, so that "nothing has changed" is one comparison whose failure
// says what has.
#pragma once

#include <sstream>
#include <string>

#include "guest/luo/live_update.h"
#include "tests/unit/guest/machine.h"

namespace guest {

inline void describe_files(std::ostream &out, const FileSet &set) {
    for (const FileEntry *entry = set.files().first(); entry != nullptr; entry = entry->next) {
        out << "    token " << entry->token << " handler " << entry->handler->compatible << " data "
            << entry->serialized_data << " status " << entry->retrieve_status << " private "
            << entry->private_data;
        if (entry->file != nullptr)
            out << " file of " << entry->file->references << " references"
                << (entry->file->held ? ", held" : "");
        out << "\n";
    }
}

inline std::string describe(const Machine &machine, LiveUpdate &luo) {
    std::ostringstream out;
    const auto sessions = [&](const char *kind, const List<Session> &list) {
        for (const Session *s = list.first(); s != nullptr; s = s->next) {
            out << kind << (s->state == SessionState::retrieved ? " retrieved" : "") << " session " << s->name
                << " area " << kho::value(s->file_set.area()) << "\n";
            describe_files(out, s->file_set);
        }
    };
    sessions("outgoing", luo.outgoing());
    sessions("incoming", luo.incoming());
    for (const FileHandler *h = luo.registry().handlers().first(); h != nullptr; h = h->next) {
        out << "handler " << h->compatible << ":";
        for (const FlbLink *link = h->flbs.first(); link != nullptr; link = link->next)
            out << " " << link->flb->compatible;
        out << "\n";
    }
    for (const Flb *flb = luo.registry().flbs().first(); flb != nullptr; flb = flb->next)
        out << "flb " << flb->compatible << " outgoing " << flb->outgoing.references << " users "
            << flb->outgoing.users << " data " << flb->outgoing.data << " object " << flb->outgoing.object
            << " incoming " << static_cast<int>(flb->incoming.state) << " " << flb->incoming.references
            << " users " << flb->incoming.users << " data " << flb->incoming.data << " object "
            << flb->incoming.object << " error " << name(flb->incoming.error) << "\n";
    out << "areas " << (luo.serialized_is_clear() ? "clear" : "written") << "\npages ";
    PrintTo(machine.pages.counts(), &out);
    return out.str();
}

}  // namespace guest
