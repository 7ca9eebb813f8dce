// One member of a consumer group with Apache Kafka's client, as tests/e2e/member.py is one with
// others:
//
//   java Member BOOTSTRAP GROUP TOPIC SESSION_MS range|cooperative
//
// `record PARTITION OFFSET` is printed before the record is committed. SIGTERM makes it leave.

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Properties;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

public final class Member {
  private static volatile boolean stopping = false;

  private static void say(String word, Collection<TopicPartition> partitions) {
    System.out.println(word + partitions.stream().map(p -> " " + p.partition()).sorted()
        .collect(Collectors.joining()));
  }

  public static void main(String[] words) {
    int session = Integer.parseInt(words[3]);
    Properties config = new Properties();
    config.put("bootstrap.servers", words[0]);
    config.put("group.id", words[1]);
    config.put("client.id", "java");
    config.put("group.protocol", "classic");
    config.put("auto.offset.reset", "earliest");
    config.put("enable.auto.commit", "false");
    config.put("session.timeout.ms", session);
    config.put("heartbeat.interval.ms", session / 10);
    config.put("max.poll.records", 100);
    config.put("fetch.max.wait.ms", 100);
    config.put("metadata.max.age.ms", 2000);
    config.put("reconnect.backoff.max.ms", 500);
    config.put("partition.assignment.strategy", words[4].equals("cooperative")
        ? CooperativeStickyAssignor.class.getName() : RangeAssignor.class.getName());
    config.put("key.deserializer", ByteArrayDeserializer.class.getName());
    config.put("value.deserializer", ByteArrayDeserializer.class.getName());
    // A shutdown hook would end with 143.
    sun.misc.Signal.handle(new sun.misc.Signal("TERM"), signal -> stopping = true);

    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(config)) {
      consumer.subscribe(List.of(words[2]), new ConsumerRebalanceListener() {
        @Override public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
          say("assigned", partitions);
        }
        @Override public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
          say("revoked", partitions);
        }
        @Override public void onPartitionsLost(Collection<TopicPartition> partitions) {
          say("lost", partitions);
        }
      });
      while (!stopping) {
        ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(100));
        for (ConsumerRecord<byte[], byte[]> record : records) {
          System.out.println("record " + record.partition() + " " + record.offset());
        }
        if (records.isEmpty()) continue;
        try {
          consumer.commitSync();
          System.out.println("committed");
        } catch (CommitFailedException | RebalanceInProgressException refused) {
          System.out.println("refused " + refused.getClass().getSimpleName());
        }
      }
    }
    System.out.println("ended");
  }
}
