/* Changing the voters of the metadata quorum one at a time, exhaustively at small bounds.

   Four nodes, of which the first VOTERS vote at the beginning. An entry is the term in which it was
   appended and the configuration in force with it: a configuration entry is one that differs from the
   entry before it, so a cut log falls back to the configuration before by itself.

   Taken over from the code: a leader adds or removes one voter; only after an entry of its own term
   has committed, and while no other change is uncommitted; a configuration is in force from its
   append on, at leaders, followers and candidates; nodes outside it may be fed, but count for
   nothing; a leader that removes itself goes on, without counting itself, until that is committed.

   More is allowed than the code does: everybody votes and may campaign, member or not (one's own
   vote counts where one is a member). Messages are steps: a leader that has been deposed without
   knowing stands for the late ones, a separate commit step for late acknowledgements. An election is
   one step, because who has promised a term does nothing else before it is decided. Node 0 leads
   first, which is no restriction.

   Checked: one leader for each term; every leader holds what was committed before; nothing else is
   ever committed in its place; majorities of consecutive configurations intersect.

   Holds, at these bounds (PLAIN: how many entries change nothing, besides a leader's first):
     -DVOTERS=3 -DENTRIES=5 -DTERMS=3 -DCHANGES=2 -DPLAIN=0
     -DVOTERS=2 -DENTRIES=5 -DTERMS=3 -DCHANGES=3 -DPLAIN=0
     -DVOTERS=3 -DENTRIES=4 -DTERMS=3 -DCHANGES=2 -DPLAIN=1
     -DVOTERS=4 -DENTRIES=4 -DTERMS=3 -DCHANGES=2 -DPLAIN=1

   Must fail, each rule taken away by its define, at the first bounds or those behind it:
     NO_OWN_COMMIT    a change before an entry of the leader's term has committed (P10) -DVOTERS=4
     TWO_PENDING      a change while another is uncommitted
     TWO_AT_ONCE      a change by two voters
     ON_COMMIT        a leader counts by the newest configuration that it knows to be committed
     LEARNER_COUNTS   the acknowledgement of a node outside the configuration counts
     LEARNER_VOTES    the vote of a node outside the configuration counts
     REMOVED_COUNTS   a leader that has removed itself counts itself -DVOTERS=4 -DPLAIN=1
     KEPT_WHEN_CUT    a configuration stays in force when it is cut off the log -DVOTERS=4
     OLD_TERM_COUNTS  an entry of an earlier term commits by counting -DTERMS=4            */

#ifndef VOTERS
#define VOTERS 3
#endif
#ifndef ENTRIES
#define ENTRIES 4
#endif
#ifndef TERMS
#define TERMS 3
#endif
#ifndef CHANGES
#define CHANGES 2
#endif
#ifndef PLAIN
#define PLAIN 2
#endif
#define NODES 4
#define FOUNDING ((1 << VOTERS) - 1)

#define BIT(r) (1 << (r))
#define HAS(set, r) (((set) >> (r)) & 1)
#define SIZE(set) (((set) & 1) + (((set) >> 1) & 1) + (((set) >> 2) & 1) + (((set) >> 3) & 1))
#define MAJORITY(set) (SIZE(set) / 2 + 1)
#define ENTRY(t, set) ((t) * 16 + (set))
#define TERM_OF(entry) ((entry) >> 4)
#define SET_OF(entry) ((entry) & 15)
#define LOG(r, i) log[(r) * ENTRIES + (i)]
#define MATCH(l, r) match[(l) * NODES + (r)]
#define LAST(r) LOG(r, end[r] - 1)

/* On disk. */
byte term[NODES];
byte log[NODES * ENTRIES];
byte end[NODES];

/* Leaders; a leader's knowledge of the others goes with its leadership. */
byte leads = 0;
byte match[NODES * NODES];
byte commit[NODES];

#ifdef KEPT_WHEN_CUT
byte held[NODES];
#define CONFIGURATION(r) held[r]
#else
#define CONFIGURATION(r) SET_OF(LAST(r))
#endif

/* Ghosts: what was committed, which terms had a leader, how many changes were begun. */
byte done[ENTRIES];
byte dones = 0;
byte led = 2;
byte changes = 0;
byte plain = 0;

/* Scratch, always 0 between steps. */
byte a, b, i, n, set;

#ifdef ON_COMMIT
#define COUNTING(r) SET_OF(LOG(r, commit[r] - 1))
#else
#define COUNTING(r) CONFIGURATION(r)
#endif

#ifdef LEARNER_COUNTS
#define COUNTED(r) 15
#else
#ifdef REMOVED_COUNTS
#define COUNTED(r) (COUNTING(r) | BIT(r))
#else
#define COUNTED(r) COUNTING(r)
#endif
#endif

#ifdef LEARNER_VOTES
#define HEARD(c) 15
#else
#define HEARD(c) CONFIGURATION(c)
#endif

#ifdef NO_OWN_COMMIT
#define SETTLED(r) true
#else
#define SETTLED(r) (TERM_OF(LOG(r, commit[r] - 1)) == term[r])
#endif

#ifdef TWO_PENDING
#define PENDING(r) false
#else
#define PENDING(r) (CONFIGURATION(r) != SET_OF(LOG(r, commit[r] - 1)))
#endif

#ifdef OLD_TERM_COUNTS
#define OWN(r, i) true
#else
#define OWN(r, i) (TERM_OF(LOG(r, i)) == term[r])
#endif

inline pick(x) {
  if :: x = 0 :: x = 1 :: x = 2 :: x = 3 fi
}

/* Arguments are copied textually: `index` may be end[r], which therefore changes last. */
inline put(r, index, entry) {
#ifdef KEPT_WHEN_CUT
  if
  :: SET_OF(entry) != SET_OF(LOG(r, index - 1)) -> held[r] = SET_OF(entry)
  :: else
  fi;
#endif
  LOG(r, index) = entry;
  end[r] = index + 1
}

inline resign(r) {
  leads = leads & ~BIT(r);
  commit[r] = 0;
  MATCH(r, 0) = 0; MATCH(r, 1) = 0; MATCH(r, 2) = 0; MATCH(r, 3) = 0
}

/* A leader appends an entry that changes nothing. */
inline append() {
  pick(a);
  if
  :: HAS(leads, a) && end[a] < ENTRIES && plain < PLAIN ->
     put(a, end[a], ENTRY(term[a], CONFIGURATION(a)));
     plain++
  :: else
  fi;
  a = 0
}

inline change() {
  pick(a);
  if
  :: HAS(leads, a) && end[a] < ENTRIES && changes < CHANGES && SETTLED(a) && !PENDING(a) ->
     pick(b);
     set = CONFIGURATION(a) ^ BIT(b);
#ifdef TWO_AT_ONCE
     b = 0;
     pick(b);
     set = set ^ BIT(b);
#endif
     if
     :: set != 0 && set != CONFIGURATION(a) ->
#ifndef TWO_AT_ONCE /* there the consequence is wanted */
        assert(MAJORITY(set) + MAJORITY(CONFIGURATION(a)) > SIZE(set | CONFIGURATION(a)));
#endif
        put(a, end[a], ENTRY(term[a], set));
        changes++
     :: else
     fi
  :: else
  fi;
  a = 0; b = 0; set = 0
}

/* Leader a sends b the first entry that b lacks, and b's acknowledgement arrives. */
inline replicate() {
  pick(a);
  if
  :: HAS(leads, a) ->
     pick(b);
     if
     :: a != b && term[b] <= term[a] ->
        if
        :: term[b] < term[a] ->
           term[b] = term[a];
           resign(b)
        :: else
        fi;
        n = 1;
        do
        :: n < end[a] && n < end[b] && LOG(a, n) == LOG(b, n) -> n++
        :: else -> break
        od;
        if
        :: n < end[a] ->
           i = n;
           do
           :: i < end[b] -> LOG(b, i) = 0; i++
           :: else -> break
           od;
           put(b, n, LOG(a, n));
           n++
        :: else
        fi;
        MATCH(a, b) = n
     :: else
     fi
  :: else
  fi;
  a = 0; b = 0; n = 0; i = 0
}

/* Leader a commits all that its majority has acknowledged. */
inline advance() {
  pick(a);
  if
  :: HAS(leads, a) ->
     n = end[a];
     do
     :: n > commit[a] ->
        set = BIT(a);
        if :: MATCH(a, 0) >= n -> set = set | 1 :: else fi;
        if :: MATCH(a, 1) >= n -> set = set | 2 :: else fi;
        if :: MATCH(a, 2) >= n -> set = set | 4 :: else fi;
        if :: MATCH(a, 3) >= n -> set = set | 8 :: else fi;
        if
        :: SIZE(set & COUNTED(a)) >= MAJORITY(COUNTING(a)) && OWN(a, n - 1) -> break
        :: else -> n--
        fi
     :: else -> break
     od;
     if
     :: n > commit[a] ->
        commit[a] = n;
        i = 0;
        do
        :: i < n && i < dones -> assert(done[i] == LOG(a, i)); i++
        :: i < n && i >= dones -> done[i] = LOG(a, i); dones++; i++
        :: else -> break
        od;
        if
        :: !PENDING(a) && !HAS(CONFIGURATION(a), a) -> resign(a)
        :: else
        fi
     :: else
     fi
  :: else
  fi;
  a = 0; n = 0; i = 0; set = 0
}

#define BEHIND(v)                         \
  (TERM_OF(LAST(v)) < TERM_OF(LAST(a)) || \
   (TERM_OF(LAST(v)) == TERM_OF(LAST(a)) && end[v] <= end[a]))
#define GRANTS(v) (!HAS(set, v) || (term[v] < n && BEHIND(v)))

inline vote(v) {
  if
  :: HAS(set, v) || v == a -> term[v] = n; resign(v)
  :: else
  fi
}

/* Candidate a becomes leader of term n by the votes of `set`, the fewest that suffice. */
inline elect() {
  pick(a);
  n = term[a] + 1;
  do
  :: n < TERMS -> n++
  :: break
  od;
  if :: set = 0 :: set = 1 fi;
  if :: set = set | 2 :: skip fi;
  if :: set = set | 4 :: skip fi;
  if :: set = set | 8 :: skip fi;
  if
  :: n <= TERMS && (set & ~HEARD(a)) == 0 && SIZE(set) == MAJORITY(CONFIGURATION(a)) &&
         end[a] < ENTRIES && GRANTS(0) && GRANTS(1) && GRANTS(2) && GRANTS(3) ->
     assert(!HAS(led, n));
     led = led | BIT(n);
     i = 0;
     do
     :: i < dones -> assert(i < end[a] && LOG(a, i) == done[i]); i++
     :: else -> break
     od;
     vote(0); vote(1); vote(2); vote(3);
     leads = leads | BIT(a);
     commit[a] = 1;
     put(a, end[a], ENTRY(n, CONFIGURATION(a)))
  :: else
  fi;
  a = 0; n = 0; i = 0; set = 0
}

init {
  atomic {
    do
    :: a < NODES ->
       term[a] = 1;
       LOG(a, 0) = ENTRY(0, FOUNDING);
       end[a] = 1;
#ifdef KEPT_WHEN_CUT
       held[a] = FOUNDING;
#endif
       a++
    :: else -> break
    od;
    a = 0;
    leads = 1;
    commit[0] = 1;
    done[0] = LOG(0, 0);
    dones = 1;
    put(0, 1, ENTRY(1, FOUNDING))
  }
end_:
  do
  :: atomic { append() }
  :: atomic { change() }
  :: atomic { replicate() }
  :: atomic { advance() }
  :: atomic { elect() }
  od
}
