/* Partition replication with the durable high watermark, exhaustively at small bounds.

   Three replicas, RECORDS offsets, EPOCHS leader epochs. A record is the leader epoch in which it
   was appended. What is acknowledged is written down (acked), and every leader must hold it.

   Taken over from the code: followers copy by fetch and truncate by epoch; an append is durable
   when a flush says so, and a crash loses the rest; a durability report (S16) is one small message,
   one under way, that may be late, for ever too; the high watermark is the least durable end of the
   in-sync set and stands still while that has fewer than MIN_ISR members (S19); the controller
   fences the dead, keeps those that promised as eligible, elects from both; a new incarnation ends
   every leadership of the old one (S9) and stays in sync if it may be trusted (S10).

   One step of the model is one atomic step of one process. Metadata reaches replicas in any order.

   Holds, at these bounds:
     -DRECORDS=1 -DEPOCHS=3 -DCRASHES=2
     -DRECORDS=2 -DEPOCHS=3 -DCRASHES=1

   Must fail, each rule taken away by its define, at the first bounds or those behind it:
     ACK_BEFORE_FSYNC   the high watermark counts log ends, not durable ends
     STALE_REPORT       a report from an earlier leader epoch counts (S15) -DEPOCHS=4 -DCRASHES=3
     UNPROVED_REPORT    a report counts beyond what fetches of this epoch have proved (S15)
     JOIN_BY_LOG_END    a replica is admitted by its log end, not its durable end (S14)
     JOIN_BEFORE_EPOCH  a replica is admitted without having reached the start of the epoch (S14)
     TRUNCATE_TO_HW     followers cut to the high watermark that they know
     THIN_ISR           the high watermark moves below MIN_ISR (S19) -DEPOCHS=4 -DCRASHES=3
     SAME_EPOCH         a leader that comes back goes on in its epoch (S9)                       */

#ifndef RECORDS
#define RECORDS 2
#endif
#ifndef EPOCHS
#define EPOCHS 3
#endif
#ifndef CRASHES
#define CRASHES 3
#endif
#define REPLICAS 3
#define MIN_ISR 2
#define NOBODY 3
#define UNKNOWN 9

#define BIT(r) (1 << (r))
#define HAS(set, r) (((set) >> (r)) & 1)
#define SIZE(set) (((set) & 1) + (((set) >> 1) & 1) + (((set) >> 2) & 1))
#define LOG(r, i) log[(r) * RECORDS + (i)]

/* Committed by the controllers. */
byte leader = 0;
byte epoch = 1;
byte in_sync = 7;
byte eligible = 0;

/* Replicas. */
byte log[REPLICAS * RECORDS];
byte end[REPLICAS];
byte durable[REPLICAS];
byte mark[REPLICAS];   /* the high watermark as the replica knows it */
byte knows[REPLICAS];  /* the leader epoch it acts in; 0: none since its start */
byte up = 7;
byte crashes = 0;

/* The leader's view of its followers, of its present epoch. */
byte reported[REPLICAS];
byte proved[REPLICAS];
byte start = 0;  /* of the epoch */

/* One durability report of each follower under way; epoch 0: none. */
byte sent_epoch[REPLICAS];
byte sent_end[REPLICAS];

/* The ghost: what was acknowledged. */
byte acked[RECORDS];
byte acks = 0;

/* Scratch, always 0 between steps. */
byte i, j, n;

#ifdef THIN_ISR
#define THICK true
#else
#define THICK (SIZE(in_sync) >= MIN_ISR)
#endif

#ifdef JOIN_BY_LOG_END
#define WELCOME(r) (proved[r] >= mark[leader] && proved[r] >= start)
#else
#ifdef JOIN_BEFORE_EPOCH
#define WELCOME(r) (reported[r] != UNKNOWN)
#else
#define WELCOME(r) (reported[r] != UNKNOWN && reported[r] >= mark[leader] && reported[r] >= start)
#endif
#endif

#define LEADS(r) (leader == (r) && HAS(up, r) && knows[r] == epoch)

inline check_holds(r) {
  i = 0;
  do
  :: i < acks -> assert(i < end[r] && LOG(r, i) == acked[i]); i++
  :: else -> break
  od;
  i = 0
}

inline forget_followers() {
  j = 0;
  do
  :: j < REPLICAS -> reported[j] = UNKNOWN; proved[j] = 0; j++
  :: else -> break
  od;
  j = 0
}

/* A leader among `set`, or nobody. */
inline elect_from(set) {
  if
  :: HAS(set, 0) && HAS(up, 0) -> leader = 0
  :: HAS(set, 1) && HAS(up, 1) -> leader = 1
  :: HAS(set, 2) && HAS(up, 2) -> leader = 2
  :: (set & up) == 0 -> leader = NOBODY
  fi
}

inline elect() {
  elect_from(in_sync);
  if
  :: leader == NOBODY ->
     elect_from(eligible);
     if
     :: leader != NOBODY ->
        in_sync = (in_sync & up) | BIT(leader);
        eligible = eligible & ~BIT(leader);
        if :: SIZE(in_sync) >= MIN_ISR -> eligible = 0 :: else fi
     :: else
     fi
  :: else
  fi;
  epoch++
}

inline append(r) {
  LEADS(r) && end[r] < RECORDS ->
  LOG(r, end[r]) = epoch;
  end[r]++
}

inline flush(r) {
  HAS(up, r) && durable[r] < end[r] ->
  durable[r] = end[r]
}

inline learn(r) {
  HAS(up, r) && knows[r] != epoch && leader != NOBODY ->
  knows[r] = epoch;
  sent_epoch[r] = 0;
  if
  :: leader == r ->
     check_holds(r);
     start = end[r];
     forget_followers()
  :: else ->
     skip
#ifdef TRUNCATE_TO_HW
     ; end[r] = (mark[r] < end[r] -> mark[r] : end[r]);
     durable[r] = (durable[r] < end[r] -> durable[r] : end[r]);
     n = end[r];
     do
     :: n < RECORDS -> LOG(r, n) = 0; n++
     :: else -> break
     od;
     n = 0
#endif
  fi
}

/* One fetch and its answer: cut what the leader does not have, take one record more. */
inline fetch(r) {
  leader != NOBODY && leader != r && HAS(up, r) && knows[r] == epoch && LEADS(leader) &&
      (proved[r] != end[r] || end[r] != end[leader] || mark[r] < mark[leader] || proved[r] == 0) ->
  n = 0;
  do
  :: n < end[r] && n < end[leader] && LOG(r, n) == LOG(leader, n) -> n++
  :: else -> break
  od;
  i = n;
  do
  :: i < end[r] -> LOG(r, i) = 0; i++
  :: else -> break
  od;
  end[r] = n;
  durable[r] = (durable[r] < n -> durable[r] : n);
  if
  :: end[r] < end[leader] -> LOG(r, n) = LOG(leader, n); end[r]++
  :: else
  fi;
  proved[r] = end[r];
  mark[r] = (mark[leader] < end[r] -> mark[leader] : end[r]);
  n = 0;
  i = 0
}

inline report(r) {
  leader != NOBODY && leader != r && HAS(up, r) && knows[r] != 0 && sent_epoch[r] == 0 ->
  sent_epoch[r] = knows[r];
  sent_end[r] = durable[r]
}

inline take_report(r) {
  sent_epoch[r] != 0 && leader != NOBODY && LEADS(leader) ->
  n = sent_end[r];
#ifndef UNPROVED_REPORT
  n = (n < proved[r] -> n : proved[r]);
#endif
  if
#ifdef STALE_REPORT
  :: true -> reported[r] = n
#else
  :: sent_epoch[r] == epoch -> reported[r] = n
  :: else
#endif
  fi;
  sent_epoch[r] = 0;
  sent_end[r] = 0;
  n = 0
}

/* What the high watermark may be, into n; 0 where somebody has not reported. */
inline least() {
  n = RECORDS;
  j = 0;
  do
  :: j < REPLICAS ->
     if
     :: HAS(in_sync, j) && j == leader ->
#ifdef ACK_BEFORE_FSYNC
        n = (end[j] < n -> end[j] : n)
#else
        n = (durable[j] < n -> durable[j] : n)
#endif
     :: HAS(in_sync, j) && j != leader ->
#ifdef ACK_BEFORE_FSYNC
        n = (proved[j] < n -> proved[j] : n)
#else
        n = (reported[j] == UNKNOWN -> 0 : (reported[j] < n -> reported[j] : n))
#endif
     :: !HAS(in_sync, j)
     fi;
     j++
  :: else -> break
  od;
  j = 0
}

inline advance(r) {
  LEADS(r) && THICK ->
  least();
  if
  :: n > mark[r] ->
     mark[r] = n;
     i = acks;
     do
     :: i < n -> acked[i] = LOG(r, i); i++
     :: else -> break
     od;
     acks = (n > acks -> n : acks);
     i = 0
  :: else
  fi;
  n = 0
}

inline admit(r) {
  leader != NOBODY && leader != r && LEADS(leader) && !HAS(in_sync, r) && HAS(up, r) &&
      WELCOME(r) ->
  in_sync = in_sync | BIT(r);
#ifdef JOIN_BY_LOG_END
  if :: reported[r] == UNKNOWN -> reported[r] = proved[r] :: else fi;
#endif
  if :: SIZE(in_sync) >= MIN_ISR -> eligible = 0 :: else fi
}

inline crash(r) {
  HAS(up, r) && crashes < CRASHES ->
  crashes++;
  up = up & ~BIT(r);
  n = durable[r];
  do
  :: n < RECORDS -> LOG(r, n) = 0; n++
  :: else -> break
  od;
  n = 0;
  end[r] = durable[r];
  mark[r] = (mark[r] < end[r] -> mark[r] : end[r]);
#ifndef SAME_EPOCH
  knows[r] = 0;
#endif
  sent_epoch[r] = 0;
  sent_end[r] = 0
}

/* The controller notices a death: out of the in-sync set, eligible where that becomes thin. */
inline fence(r) {
  !HAS(up, r) && (HAS(in_sync, r) || leader == r) && epoch < EPOCHS ->
  in_sync = in_sync & ~BIT(r);
  if
  :: SIZE(in_sync) < MIN_ISR -> eligible = eligible | BIT(r)
  :: else -> eligible = 0
  fi;
  if
  :: leader == r -> elect()
  :: else
  fi
}

/* It starts again: a new incarnation, trusted, which leads nothing (S9) but stays where it was. */
inline register(r) {
  !HAS(up, r) && (leader != r || epoch < EPOCHS) ->
  up = up | BIT(r);
#ifndef SAME_EPOCH
  if
  :: leader == r -> elect()
  :: leader == NOBODY && epoch < EPOCHS -> elect()
  :: else
  fi
#else
  if
  :: leader == NOBODY && epoch < EPOCHS -> elect()
  :: else
  fi
#endif
}

inline each(r) {
  if
  :: atomic { append(r) }
  :: atomic { flush(r) }
  :: atomic { learn(r) }
  :: atomic { fetch(r) }
  :: atomic { report(r) }
  :: atomic { take_report(r) }
  :: atomic { advance(r) }
  :: atomic { admit(r) }
  :: atomic { crash(r) }
  :: atomic { fence(r) }
  :: atomic { register(r) }
  fi
}

init {
  atomic {
    knows[0] = 1; knows[1] = 1; knows[2] = 1;
    forget_followers()
  }
end_:
  do
  :: each(0)
  :: each(1)
  :: each(2)
  od
}
