/* Changing the voters of the metadata quorum one at a time, exhaustively at small bounds.

   Four nodes, of which the first VOTERS vote at the beginning. An entry is the term in which it
   was appended and the configuration in force with it: a configuration entry is one that differs
   from the entry before it, so a cut log falls back to the configuration before by itself.

   Taken over from the code: a leader adds or removes one voter; only after an entry of its own
   term has committed, and while no other change is uncommitted; a configuration is in force from
   its append on, at leaders, followers and candidates; nodes outside it may be fed, but count
   for nothing; a leader that removes itself goes on, without counting itself, until that is
   committed.

   More is allowed than the code does: everybody votes and may campaign, member or not (one's own
   vote counts where one is a member). Messages are steps: a leader that has been deposed without
   knowing stands for the late ones, a separate commit step for late acknowledgements. An
   election is one step, because who has promised a term does nothing else before it is decided.
   Node 0 leads first, which is no restriction.

   With LOSSES nodes start again with the end of their logs torn away, of which they may have
   promised everything: they vote conditionally, and a candidate without a majority of other
   votes needs everybody's (S6). Everybody is who votes by its log, before and after the newest
   change in it, and who voted by the newest configuration that a torn voter has ever had. (Not in
   the code yet: there a torn node forgets together with the entry whom it let vote, as in
   FORGETS_VOTERS.) At least one who votes keeps each committed entry, else nothing can be
   demanded.

   Checked: one leader for each term; every leader holds what was committed before; nothing else
   is ever committed in its place; majorities of consecutive configurations intersect.

   Holds, at these bounds (PLAIN: how many entries change nothing, besides a leader's first):
     -DVOTERS=3 -DENTRIES=5 -DTERMS=3 -DCHANGES=2 -DPLAIN=0
     -DVOTERS=2 -DENTRIES=5 -DTERMS=3 -DCHANGES=3 -DPLAIN=0
     -DVOTERS=4 -DENTRIES=4 -DTERMS=3 -DCHANGES=2 -DPLAIN=1
     -DVOTERS=3 -DENTRIES=4 -DTERMS=2 -DCHANGES=1 -DPLAIN=0 -DLOSSES=2

   Must fail, each rule taken away by its define, at the first bounds or those behind it:
     NO_OWN_COMMIT    a change before an own-term entry has committed (P10) -DVOTERS=4 -DENTRIES=4
     TWO_PENDING      a change while another is uncommitted
     TWO_AT_ONCE      a change by two voters
     ON_COMMIT        a leader counts by the newest configuration that it knows to be committed
     LEARNER_COUNTS   the acknowledgement of a node outside the configuration counts
     LEARNER_VOTES    the vote of a node outside the configuration counts
     REMOVED_COUNTS   a leader that has removed itself counts itself -DVOTERS=4 -DPLAIN=1
     KEPT_WHEN_CUT    a configuration stays in force when it is cut off -DVOTERS=4 -DENTRIES=4
     OLD_TERM_COUNTS  an entry of an earlier term commits by counting -DTERMS=4 -DENTRIES=4
     TORN_VOTES       a torn node's vote counts like any other -DENTRIES=4 -DCHANGES=1 -DLOSSES=1
     LATEST_ONLY      "everybody" is the newest configuration -DENTRIES=4 -DCHANGES=1 -DLOSSES=1
     FORGETS_VOTERS   torn nodes forget their voters -DENTRIES=4 -DCHANGES=1 -DLOSSES=2 -DTERMS=2 */

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
#ifndef LOSSES
#define LOSSES 0
#endif
#if LOSSES > 0 && !defined(FORGETS_VOTERS)
#define REMEMBER
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
byte torn = 0;  /* have cut a tail that they may have promised: they vote conditionally */
#ifdef REMEMBER
byte kept[NODES];  /* the newest configuration that the node has had in its log */
#endif

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
byte losses = 0;

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

#define SETTLED_OWN(r) (TERM_OF(LOG(r, commit[r] - 1)) == term[r])

/* All that it may have promised is on its disk again. */
inline heal(r) {
#ifdef REMEMBER
  kept[r] = CONFIGURATION(r);
#endif
  torn = torn & ~BIT(r)
}

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
#ifdef REMEMBER
  kept[r] = (HAS(torn, r) -> kept[r] : SET_OF(entry));
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
        MATCH(a, b) = n;
        if
        :: n >= commit[a] && SETTLED_OWN(a) -> heal(b)
        :: else
        fi
     :: else
     fi
  :: else
  fi;
  a = 0; b = 0; n = 0; i = 0
}

/* Of the acknowledgements that commit an entry at least one must not have been torn away since. */
#define HELD(v) (HAS(COUNTED(a), v) && LOG(v, n - 1) == LOG(a, n - 1))

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
     :: n > commit[a] && (HELD(0) || HELD(1) || HELD(2) || HELD(3)) ->
        commit[a] = n;
        heal(a);
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

#ifdef TORN_VOTES
#define CONDITIONAL 0
#else
#define CONDITIONAL torn
#endif
#ifdef REMEMBER
#define KEPT(v) (HAS(set, v) || v == a -> kept[v] : 0)
#define REMEMBERED (KEPT(0) | KEPT(1) | KEPT(2) | KEPT(3))
#else
#define REMEMBERED 0
#endif
#ifdef LATEST_ONLY
#define EVERYBODY(a) CONFIGURATION(a)
#else
#define EVERYBODY(a) (CONFIGURATION(a) | BEFORE(a) | REMEMBERED)
#endif
/* In force before the newest change in a's log; logs have up to five entries. */
#define S(r, i) SET_OF(LOG(r, i))
#define OLDER(r, i) (i < end[r] && S(r, i) != S(r, i - 1))
#if ENTRIES == 5
#define BEFORE(r) (OLDER(r, 4) -> S(r, 3) : BEFORE_FOURTH(r))
#else
#define BEFORE(r) BEFORE_FOURTH(r)
#endif
#define BEFORE_FOURTH(r) (OLDER(r, 3) -> S(r, 2) : (OLDER(r, 2) -> S(r, 1) : CONFIGURATION(r)))

/* A node starts again and finds its log's end torn. A committed entry must stay with one of those
   who vote by the newest committed configuration, else nothing can be demanded. */
#define STAYS(v) (v != a && HAS(SET_OF(done[dones - 1]), v) && LOG(v, i) == done[i])
inline lose() {
  pick(a);
  if
  :: losses < LOSSES && end[a] > 1 ->
     n = 1;
     do
     :: n + 1 < end[a] -> n++
     :: break
     od;
     i = n;
     do
     :: i < dones && (STAYS(0) || STAYS(1) || STAYS(2) || STAYS(3)) -> i++
     :: else -> break
     od;
     if
     :: i >= dones ->
        i = n;
        do
        :: i < end[a] -> LOG(a, i) = 0; i++
        :: else -> break
        od;
        end[a] = n;
        torn = torn | BIT(a);
        losses++;
        resign(a)
     :: else
     fi
  :: else
  fi;
  a = 0; n = 0; i = 0
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
  :: n <= TERMS && end[a] < ENTRIES && GRANTS(0) && GRANTS(1) && GRANTS(2) && GRANTS(3) &&
         (((set & ~HEARD(a)) == 0 && (set & CONDITIONAL) == 0 &&
           SIZE(set) == MAJORITY(CONFIGURATION(a))) ||
          (torn != 0 && set == EVERYBODY(a))) ->
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
#if LOSSES
  :: atomic { lose() }
#endif
  od
}
